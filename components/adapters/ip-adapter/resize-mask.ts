/** Brings a mask to the tokens of an attention layer. Counterpart: image_processor.py (IPAdapterMaskProcessor.downsample). */
import * as tf from '../../tensors/tf'

/** How far PyTorch's bicubic interpolation overshoots. */
const A = -0.75

/**
 * Returns a mask for the positions of a map, row after row: `[1, positions, 1]`. If the mask has another shape than the map, positions at the end are 0, or
 * the end of the mask is left out, as in the reference.
 *
 * @param masks `[1, height, width, pictures]`
 * @param picture which of the masks
 */
export function resizeMask(masks: tf.Tensor4D, picture: number, positions: number): tf.Tensor3D {
  const [, height, width] = masks.shape
  return tf.tidy(() => {
    const mask = masks.slice([0, 0, 0, picture], [1, height, width, 1]).reshape<tf.Tensor2D>([height, width])
    const least = Math.max(1, Math.trunc(Math.sqrt((positions * height) / width)))
    const rows = least + (positions % least === 0 ? 0 : 1)
    const columns = Math.floor(positions / rows)
    const resized = tf.matMul(tf.matMul(bicubicMatrix(height, rows), mask), bicubicMatrix(width, columns), false, true)
    const values = resized.reshape<tf.Tensor1D>([rows * columns])
    const missing = positions - rows * columns
    const fitted = missing > 0 ? values.pad([[0, missing]]) : values
    return fitted.reshape<tf.Tensor3D>([1, positions, 1])
  })
}

/** The weights of bicubic interpolation along one axis, as torch.nn.functional.interpolate has them: `[to, from]`. */
function bicubicMatrix(from: number, to: number): tf.Tensor2D {
  const weights = new Float32Array(to * from)
  for (let i = 0; i < to; i++) {
    const center = ((i + 0.5) * from) / to - 0.5
    const first = Math.floor(center)
    for (let tap = -1; tap <= 2; tap++) {
      const at = i * from + Math.min(Math.max(first + tap, 0), from - 1)
      weights[at] = (weights[at] as number) + bicubicWeight(Math.abs(center - first - tap))
    }
  }
  return tf.tensor2d(weights, [to, from])
}

/** The weight of a value at that distance. */
function bicubicWeight(distance: number): number {
  if (distance <= 1) return ((A + 2) * distance - (A + 3)) * distance ** 2 + 1
  if (distance < 2) return ((A * distance - 5 * A) * distance + 8 * A) * distance - 4 * A
  return 0
}
