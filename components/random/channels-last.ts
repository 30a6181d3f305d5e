/** From the order that the reference draws images in to the order of tensors here. */
import { noiseKernel } from './noise-kernel'

/** Images of this size and more are worth the way to WebAssembly and back. */
const WORTH_KERNEL = 256

/**
 * From `[batch, channel, height, width]` to `[batch, height, width, channel]`. Numbers of any other rank stay in their order.
 *
 * @param shape of the result
 */
export function toChannelsLast(values: Float32Array, shape: readonly number[]): Float32Array {
  const [, height = 0, width = 0, channels = 0] = shape
  if (shape.length !== 4) return values
  const result = new Float32Array(values.length)
  const size = channels * height * width
  const kernel = size >= WORTH_KERNEL ? noiseKernel() : undefined
  const rearrange = kernel?.interleaves(channels) ? kernel.interleave.bind(kernel) : interleave
  for (let begin = 0; begin < values.length; begin += size) {
    rearrange(values.subarray(begin, begin + size), channels, result.subarray(begin, begin + size))
  }
  return result
}

/** Writes an image, given as one plane for each channel, as pixels. */
function interleave(planes: Float32Array, channels: number, image: Float32Array): void {
  const pixels = planes.length / channels
  let from = 0
  for (let channel = 0; channel < channels; channel++) {
    for (let pixel = 0; pixel < pixels; pixel++) image[pixel * channels + channel] = planes[from++] as number
  }
}
