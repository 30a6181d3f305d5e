/** From the order that the reference draws images in to the order of tensors here. */
import { runAtOnce } from '../../src/runtime/time-slice'
import { noiseKernel, type PixelRange } from './noise-kernel'

/** Images of this size and more are worth the way to WebAssembly and back. */
const WORTH_KERNEL = 256

/** How many values are moved between two looks at the clock. */
const PIECE = 2 ** 17

/**
 * From `[batch, channel, height, width]` to `[batch, height, width, channel]`. Numbers of any other rank stay in their order.
 *
 * @param shape of the result
 */
export function toChannelsLast(values: Float32Array, shape: readonly number[]): Float32Array {
  return runAtOnce(channelsLastLoop(values, shape))
}

/** The loop of {@link toChannelsLast}, in pieces. */
export function* channelsLastLoop(values: Float32Array, shape: readonly number[]): Generator<void, Float32Array, void> {
  const [, height = 0, width = 0, channels = 0] = shape
  if (shape.length !== 4) return values
  const result = new Float32Array(values.length)
  const pixels = height * width
  const size = channels * pixels
  const kernel = size >= WORTH_KERNEL ? noiseKernel() : undefined
  const most = Math.max(1, Math.floor(PIECE / Math.max(1, channels)))
  for (let image = 0; image < values.length; image += size) {
    const planes = values.subarray(image, image + size)
    for (let begin = 0; begin < pixels; begin += most) {
      const range = { begin, end: Math.min(begin + most, pixels) }
      const target = result.subarray(image + begin * channels, image + range.end * channels)
      if (kernel?.interleaves(channels)) kernel.interleave(planes, channels, target, range)
      else interleave(planes, channels, target, range)
      yield
    }
  }
  return result
}

/** Writes some pixels of an image, given as one plane for each channel. */
function interleave(planes: Float32Array, channels: number, target: Float32Array, { begin, end }: PixelRange): void {
  const pixels = planes.length / channels
  for (let channel = 0; channel < channels; channel++) {
    let to = channel
    for (let from = channel * pixels + begin; from < channel * pixels + end; from++, to += channels) {
      target[to] = planes[from] as number
    }
  }
}
