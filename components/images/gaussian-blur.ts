/** Blurs images. Counterpart: Pillow's src/libImaging/BoxBlur.c (ImagingGaussianBlur). */
import { Image } from './image'

/** A Gaussian blur is close to a box blur that is applied this many times. */
const PASSES = 3
/** Weights are whole numbers with 24 bits behind the point. */
const ONE = 2 ** 24
/** Values that are computed between two looks at the clock. */
const PIECE = 2 ** 18

/** Blurs an image in pieces, with a standard deviation of `radius` pixels. Channels are treated alone, opacity too. */
export function* gaussianBlurLoop(image: Image, radius: number): Generator<void, Image, void> {
  const { width, height, channels } = image
  const box = boxRadius(Math.fround(radius))
  if (!(box > 0)) return image
  const data = Uint8Array.from(image.data)
  const rows = { lines: height, length: width, step: channels, lineStep: width * channels }
  yield* blurLines(data, channels, rows, box)
  const columns = { lines: width, length: height, step: width * channels, lineStep: channels }
  yield* blurLines(data, channels, columns, box)
  return new Image({ width, height, channels, data })
}

/** The radius of the box blur, with a fraction; each step rounded to float32, as in Pillow. */
function boxRadius(radius: number): number {
  const { fround } = Math
  const variance = fround(fround(radius * radius) / PASSES)
  const length = fround(Math.sqrt(12 * variance + 1))
  const whole = fround(Math.floor((length - 1) / 2))
  const above = fround(fround(2 * whole + 1) * fround(fround(whole * fround(whole + 1)) - fround(3 * variance)))
  const below = fround(6 * fround(variance - fround(fround(whole + 1) * fround(whole + 1))))
  return fround(whole + fround(above / below))
}

/** The rows or the columns of an image. */
interface Lines {
  readonly lines: number
  readonly length: number
  /** From a value of a line to the next one. */
  readonly step: number
  /** From a line to the next one. */
  readonly lineStep: number
}

/** Blurs all lines in their place. */
function* blurLines(data: Uint8Array, channels: number, lines: Lines, radius: number): Generator<void, void, void> {
  const { length, step, lineStep } = lines
  const whole = Math.trunc(radius)
  const weight = Math.trunc(Math.fround(ONE / Math.fround(radius * 2 + 1)))
  const edge = Math.trunc((ONE - (whole * 2 + 1) * weight) / 2)
  let [from, to] = [new Uint8Array(length), new Uint8Array(length)]
  let work = 0
  for (let line = 0; line < lines.lines; line++) {
    for (let channel = 0; channel < channels; channel++) {
      const begin = line * lineStep + channel
      for (let i = 0; i < length; i++) from[i] = data[begin + i * step] as number
      for (let pass = 0; pass < PASSES; pass++) {
        blurLine(from, to, { radius: whole, weight, edge })
        ;[from, to] = [to, from]
      }
      for (let i = 0; i < length; i++) data[begin + i * step] = from[i] as number
    }
    work += PASSES * length * channels
    if (work < PIECE) continue
    work = 0
    yield
  }
}

/** The mean around each value; beyond the ends the first and the last value continue. */
function blurLine(
  from: Uint8Array,
  to: Uint8Array,
  { radius, weight, edge }: { radius: number; weight: number; edge: number },
): void {
  const last = from.length - 1
  const at = (i: number) => from[Math.min(Math.max(i, 0), last)] as number
  let sum = 0
  for (let i = -radius - 1; i < radius; i++) sum += at(i)
  for (let i = 0; i <= last; i++) {
    sum += at(i + radius) - at(i - radius - 1)
    to[i] = Math.floor((sum * weight + (at(i - radius - 1) + at(i + radius + 1)) * edge + ONE / 2) / ONE)
  }
}
