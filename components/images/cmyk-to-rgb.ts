/** Changes the numbers of inks to colours. Counterpart: Pillow's src/libImaging/Convert.c (cmyk2rgb). */
import { inPieces } from '../../src/runtime/time-slice'
import { multiplyBytes } from './premultiply'

/** The amounts of four inks as RGB, without a profile of colours. */
export function* cmykToRgbLoop(inks: Uint8Array): Generator<void, Uint8Array, void> {
  const rgb = new Uint8Array((inks.length / 4) * 3)
  yield* inPieces(inks.length / 4, (begin, end) => {
    for (let i = begin; i < end; i++) {
      const white = 255 - (inks[4 * i + 3] as number)
      for (let c = 0; c < 3; c++) rgb[3 * i + c] = Math.max(0, white - multiplyBytes(inks[4 * i + c] as number, white))
    }
  })
  return rgb
}
