/** Noise for latents. Counterpart: diffusers utils/torch_utils.py (randn_tensor). */
import * as tf from '../tensors/tf'
import { toChannelsLast } from './channels-last'
import { Generator } from './generator'
import { InvalidDrawError } from './invalid-draw-error'

/**
 * Normal noise. Of the shape `[batch, height, width, channels]` it is drawn in the reference's order
 * `[batch, channel, height, width]`, so that a seed gives the reference's noise; of any other rank in the order of the shape. The
 * caller owns the tensor.
 *
 * @param generator one for the whole batch, or a list with one for each batch element
 * @throws InvalidDrawError if the list is longer or shorter than the batch
 */
export function randnTensor(
  shape: readonly [batch: number, height: number, width: number, channels: number],
  generator: Generator | readonly Generator[],
): tf.Tensor4D
export function randnTensor(shape: readonly number[], generator: Generator | readonly Generator[]): tf.Tensor
export function randnTensor(shape: readonly number[], generator: Generator | readonly Generator[]): tf.Tensor {
  const values = generator instanceof Generator ? generator.randn(shape) : drawEach(generator, shape)
  return tf.tensor(toChannelsLast(values, shape), [...shape])
}

function drawEach(generators: readonly Generator[], [batch, ...sample]: readonly number[]): Float32Array {
  if (generators.length !== batch) {
    const problem =
      batch === undefined
        ? 'without a batch needs one generator'
        : `for a batch of ${batch} needs one generator for all, or a list of ${batch}`
    throw new InvalidDrawError(`Noise ${problem}, but the list holds ${generators.length}.`)
  }
  const draws = generators.map(generator => generator.randn(sample))
  const values = new Float32Array(draws.reduce((sum, draw) => sum + draw.length, 0))
  let offset = 0
  for (const draw of draws) {
    values.set(draw, offset)
    offset += draw.length
  }
  return values
}
