/** Noise for latents. Counterpart: diffusers utils/torch_utils.py (randn_tensor). */
import * as tf from '../tensors/tf'
import { Generator } from './generator'
import { InvalidDrawError } from './invalid-draw-error'

/**
 * Normal noise of the shape `[batch, height, width, channels]`, drawn in the reference's order
 * `[batch, channel, height, width]`, so that a seed gives the reference's noise. The caller owns the tensor.
 *
 * @param generator one for the whole batch, or a list with one for each batch element
 * @throws InvalidDrawError if the list is longer or shorter than the batch
 */
export function randnTensor(
  shape: readonly [batch: number, height: number, width: number, channels: number],
  generator: Generator | readonly Generator[],
): tf.Tensor4D {
  const [batch, height, width, channels] = shape
  const image = [channels, height, width]
  const values = generator instanceof Generator ? generator.randn([batch, ...image]) : drawEach(generator, batch, image)
  return tf.tensor4d(toChannelsLast(values, channels, height * width), [batch, height, width, channels])
}

function drawEach(generators: readonly Generator[], batch: number, image: readonly number[]): Float32Array {
  if (generators.length !== batch) {
    throw new InvalidDrawError(
      `Noise for a batch of ${batch} needs one generator for all, or a list of ${batch}, but the list holds ${generators.length}.`,
    )
  }
  const draws = generators.map(generator => generator.randn(image))
  const values = new Float32Array(draws.reduce((sum, draw) => sum + draw.length, 0))
  let offset = 0
  for (const draw of draws) {
    values.set(draw, offset)
    offset += draw.length
  }
  return values
}

/** From `[batch, channel, pixel]` to `[batch, pixel, channel]`. */
function toChannelsLast(values: Float32Array, channels: number, pixels: number): Float32Array {
  const result = new Float32Array(values.length)
  let from = 0
  for (let image = 0; image < values.length; image += channels * pixels) {
    for (let channel = 0; channel < channels; channel++) {
      for (let pixel = 0; pixel < pixels; pixel++) result[image + pixel * channels + channel] = values[from++] as number
    }
  }
  return result
}
