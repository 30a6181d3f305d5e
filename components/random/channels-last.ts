/** From the order that the reference draws images in to the order of tensors here. */

/**
 * From `[batch, channel, height, width]` to `[batch, height, width, channel]`. Numbers of any other rank stay in their order.
 *
 * @param shape of the result
 */
export function toChannelsLast(values: Float32Array, shape: readonly number[]): Float32Array {
  const [, height = 0, width = 0, channels = 0] = shape
  if (shape.length !== 4) return values
  const pixels = height * width
  const result = new Float32Array(values.length)
  let from = 0
  for (let image = 0; image < values.length; image += channels * pixels) {
    for (let channel = 0; channel < channels; channel++) {
      for (let pixel = 0; pixel < pixels; pixel++) result[image + pixel * channels + channel] = values[from++] as number
    }
  }
  return result
}
