/**
 * Resizes images as Pillow does, to the last bit, since a pipeline's result hangs on it. sharp's filters differ from
 * Pillow's, most of all in enlarging. Counterpart: Pillow's src/libImaging/Resample.c.
 */
import { runAtOnce } from '../../src/runtime/time-slice'
import { Image } from './image'
import { premultiplyLoop, unpremultiplyLoop } from './premultiply'

/** A filter by diffusers' name. */
export type Resample = 'lanczos' | 'bicubic' | 'bilinear' | 'nearest'

interface Filter {
  /** Half of the filter's width, in pixels of the smaller image. */
  readonly support: number
  weight(x: number): number
}

const FILTERS: Readonly<Record<Exclude<Resample, 'nearest'>, Filter>> = {
  lanczos: { support: 3, weight: x => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
  bicubic: { support: 2, weight: cubic },
  bilinear: { support: 1, weight: x => Math.max(0, 1 - Math.abs(x)) },
}

/** Weights are whole numbers with this many bits behind the point. */
const PRECISION = 2 ** 22

/** Products that are computed between two looks at the clock. */
const PIECE = 2 ** 18

/** The pixels that one pixel of the result is made of. */
interface Window {
  readonly begin: number
  readonly weights: readonly number[]
}

/** Where a part of an image begins and ends along one side, in pixels. It may be empty: its surroundings are then made larger. */
export type Span = readonly [begin: number, end: number]

/** The size and the way that {@link resize} is asked for. */
export interface ResizeOptions {
  readonly width: number
  readonly height: number
  readonly resample: Resample
  /** The columns that are scaled to the width. Default: all. */
  readonly columns?: Span | undefined
  /** The rows that are scaled to the height. Default: all. */
  readonly rows?: Span | undefined
}

/** An image in another size. Colours count as much as they are opaque, except for `nearest`. */
export function resize(image: Image, options: ResizeOptions): Image {
  return runAtOnce(resizeLoop(image, options))
}

/** The loop of {@link resize}, in pieces. */
export function* resizeLoop(image: Image, options: ResizeOptions): Generator<void, Image, void> {
  const { width, height, resample, columns = [0, image.width], rows = [0, image.height] } = options
  const { channels } = image
  const isWhole = columns[0] === 0 && columns[1] === width && rows[0] === 0 && rows[1] === height
  if (isWhole && image.width === width && image.height === height) return image
  const isBlended = channels === 4 && resample !== 'nearest'
  const across = makeWindows(image.width, width, { resample, span: columns })
  const down = makeWindows(image.height, height, { resample, span: rows })
  // Rounded to bytes between the two passes, as Pillow does.
  let data = isBlended ? yield* premultiplyLoop(image.data) : image.data
  if (isVerticalFirst(image, options)) {
    data = yield* applyWindows(data, { size: image.height, inner: image.width * channels }, down)
    data = yield* applyWindows(data, { size: image.width, inner: channels }, across)
  } else {
    data = yield* applyWindows(data, { size: image.width, inner: channels }, across)
    data = yield* applyWindows(data, { size: image.height, inner: width * channels }, down)
  }
  if (isBlended) data = yield* unpremultiplyLoop(data)
  return new Image({ width, height, channels, data })
}

/** Whether the height is reduced much more than the width, so that the pass along it comes first, as since Pillow 13. */
function isVerticalFirst(image: Image, { width, height }: ResizeOptions): boolean {
  return height < image.height && image.height - height > 2 * (image.width - width)
}

function makeWindows(
  size: number,
  newSize: number,
  { resample, span: [begin, end] }: { resample: Resample; span: Span },
): Window[] {
  const scale = (end - begin) / newSize
  return Array.from({ length: newSize }, (_, i) => {
    const center = begin + (i + 0.5) * scale
    if (resample === 'nearest') return { begin: Math.floor(center), weights: [PRECISION] }
    return makeWindow(center, size, Math.max(scale, 1), FILTERS[resample])
  })
}

function makeWindow(center: number, size: number, stretch: number, { support, weight }: Filter): Window {
  const begin = Math.max(0, Math.trunc(center - support * stretch + 0.5))
  const end = Math.min(size, Math.trunc(center + support * stretch + 0.5))
  const weights = Array.from({ length: end - begin }, (_, i) => weight((begin + i - center + 0.5) * (1 / stretch)))
  const sum = weights.reduce((total, value) => total + value, 0)
  return { begin, weights: weights.map(value => roundAwayFromZero((value / sum) * PRECISION)) }
}

/** Applies one window for each new place along an axis of data of the shape `[outer, size, inner]`. */
function* applyWindows(
  data: Uint8Array,
  { size, inner }: { size: number; inner: number },
  windows: readonly Window[],
): Generator<void, Uint8Array, void> {
  const outer = data.length / (size * inner)
  const result = new Uint8ClampedArray(outer * windows.length * inner)
  let to = 0
  let work = 0
  for (let o = 0; o < outer; o++) {
    for (const { begin, weights } of windows) {
      const from = (o * size + begin) * inner
      for (let i = 0; i < inner; i++) {
        let sum = PRECISION / 2
        for (let k = 0; k < weights.length; k++) sum += (data[from + k * inner + i] as number) * (weights[k] as number)
        result[to++] = Math.floor(sum / PRECISION)
      }
      work += inner * weights.length
      if (work < PIECE) continue
      work = 0
      yield
    }
  }
  return new Uint8Array(result.buffer)
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)
}

/** Keys' cubic convolution with a = -0.5. */
function cubic(x: number): number {
  const a = -0.5
  const distance = Math.abs(x)
  if (distance < 1) return ((a + 2) * distance - (a + 3)) * distance * distance + 1
  return distance < 2 ? (((distance - 5) * distance + 8) * distance - 4) * a : 0
}

function roundAwayFromZero(value: number): number {
  return Math.trunc(value + Math.sign(value) * 0.5)
}
