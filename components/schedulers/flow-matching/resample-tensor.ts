/**
 * Resizes batches of feature maps with the numbers of PyTorch, whose filters do not widen where a map shrinks. Counterpart:
 * torch.nn.functional.interpolate
 */
import * as tf from '../../tensors/tf'

/** The ways to resize, by torch's names. */
export const resampleModes = ['nearest', 'bilinear', 'bicubic', 'area', 'nearest-exact'] as const

/** A name of a way to resize. */
export type ResampleMode = (typeof resampleModes)[number]

/** A place along an axis, and its share in a value of the result. */
type Tap = readonly [place: number, weight: number]

/** The places that value `i` of the result is made of; those outside stand for the ones at the edge. In float32 where torch rounds. */
const taps: Readonly<Record<ResampleMode, (i: number, from: number, to: number) => readonly Tap[]>> = {
  nearest: (i, from, to) => [[Math.floor(scaled(i, from, to)), 1]],
  'nearest-exact': (i, from, to) => [[Math.floor(scaled(i + 0.5, from, to)), 1]],
  bilinear: (i, from, to) => {
    const center = Math.max(Math.fround(scaled(i + 0.5, from, to) - 0.5), 0)
    const below = Math.floor(center)
    return [
      [below, 1 - (center - below)],
      [below + 1, center - below],
    ]
  },
  bicubic: (i, from, to) => {
    const center = Math.fround(scaled(i + 0.5, from, to) - 0.5)
    const below = Math.floor(center)
    return [-1, 0, 1, 2].map(offset => [below + offset, cubic(center - below - offset)] as const)
  },
  area: (i, from, to) => {
    const [begin, end] = [Math.floor((i * from) / to), Math.ceil(((i + 1) * from) / to)]
    return Array.from({ length: end - begin }, (_, k) => [begin + k, 1 / (end - begin)] as const)
  },
}

/**
 * A batch in another size. A new tensor.
 *
 * @param tensor `[batch, height, width, channels]`
 * @param size the new height and width
 */
export function resampleTensor(
  tensor: tf.Tensor4D,
  [newHeight, newWidth]: readonly [height: number, width: number],
  mode: ResampleMode,
): tf.Tensor4D {
  const [batch, height, width, channels] = tensor.shape
  return tf.tidy(() => {
    // One axis after the other, each by a product with the matrix of its weights.
    const rows = resampleWeights(height, newHeight, mode).matMul(tensor.reshape([batch, height, width * channels]))
    const columns = resampleWeights(width, newWidth, mode).matMul(rows.reshape([batch * newHeight, width, channels]))
    return columns.reshape([batch, newHeight, newWidth, channels])
  })
}

/** The shares of all places in all values of the result: `[1, to, from]`. */
function resampleWeights(from: number, to: number, mode: ResampleMode): tf.Tensor3D {
  const values = new Float32Array(to * from)
  for (let i = 0; i < to; i++) {
    for (const [place, weight] of taps[mode](i, from, to)) {
      const at = i * from + Math.min(Math.max(place, 0), from - 1)
      values[at] = (values[at] as number) + weight
    }
  }
  return tf.tensor3d(values, [1, to, from])
}

/** A place of the result, in the places of the original. */
function scaled(place: number, from: number, to: number): number {
  return Math.fround(place * Math.fround(from / to))
}

/** Keys' cubic convolution with a = -0.75. */
function cubic(x: number): number {
  const a = -0.75
  const distance = Math.abs(x)
  if (distance <= 1) return ((a + 2) * distance - (a + 3)) * distance * distance + 1
  return distance < 2 ? (((distance - 5) * distance + 8) * distance - 4) * a : 0
}
