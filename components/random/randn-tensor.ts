/** Noise for latents. Counterpart: diffusers utils/torch_utils.py (randn_tensor). */
import * as tf from '@tensorflow/tfjs'
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
  const image = [channels, height, width] as const
  const draws =
    generator instanceof Generator
      ? [generator.randn([batch, ...image])]
      : requireOneEach(generator, batch).map(own => own.randn([1, ...image]))
  const values = new Float32Array(batch * height * width * channels)
  let offset = 0
  for (const draw of draws) {
    writeChannelsLast(draw, height * width, channels, values.subarray(offset, offset + draw.length))
    offset += draw.length
  }
  return tf.tensor4d(values, [batch, height, width, channels])
}

function requireOneEach(generators: readonly Generator[], batch: number): readonly Generator[] {
  if (generators.length !== batch) {
    const detail = `needs one generator for all or a list of ${batch}, but the list holds ${generators.length}`
    throw new InvalidDrawError(`Noise for a batch of ${batch} ${detail}.`)
  }
  return generators
}

/** Copies images from `[batch, channel, pixel]` to `[batch, pixel, channel]`. */
function writeChannelsLast(source: Float32Array, pixels: number, channels: number, target: Float32Array): void {
  for (let i = 0; i < source.length; i++) {
    const pixel = i % pixels
    const channel = Math.floor(i / pixels) % channels
    const image = i - (i % (pixels * channels))
    target[image + pixel * channels + channel] = source[i] as number
  }
}
