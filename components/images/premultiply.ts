/** Colours that are multiplied by their opacity, and back. Counterpart: Pillow's src/libImaging/Convert.c (RGBA to RGBa and back). */
import { inPieces } from '../../src/runtime/time-slice'

/** The product of two bytes that stand for 0 to 1, rounded. */
export function multiplyBytes(a: number, b: number): number {
  return divideBy255(a * b + 128)
}

/** A number that 128 was added to, divided by 255 as Pillow does. */
export function divideBy255(value: number): number {
  return ((value >> 8) + value) >> 8
}

/** Multiplies the colours of RGBA data by their opacity. */
export function* premultiplyLoop(data: Uint8Array): Generator<void, Uint8Array, void> {
  const result = new Uint8Array(data.length)
  yield* inPieces(data.length / 4, (begin, end) => {
    for (let i = 4 * begin; i < 4 * end; i += 4) {
      const alpha = data[i + 3] as number
      for (let c = i; c < i + 3; c++) result[c] = multiplyBytes(data[c] as number, alpha)
      result[i + 3] = alpha
    }
  })
  return result
}

/** Divides the colours of such data by their opacity. */
export function* unpremultiplyLoop(data: Uint8Array): Generator<void, Uint8Array, void> {
  const result = new Uint8Array(data.length)
  yield* inPieces(data.length / 4, (begin, end) => {
    for (let i = 4 * begin; i < 4 * end; i += 4) {
      const alpha = data[i + 3] as number
      const isPlain = alpha === 0 || alpha === 255
      for (let c = i; c < i + 3; c++) {
        const colour = data[c] as number
        result[c] = isPlain ? colour : Math.min(Math.trunc((255 * colour) / alpha), 255)
      }
      result[i + 3] = alpha
    }
  })
  return result
}
