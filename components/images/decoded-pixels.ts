/** Brings what a VAE decoded to pictures. Counterpart: diffusers image_processor.py (denormalize, numpy_to_pil). */
import { inPieces } from '../../src/runtime/time-slice'
import type * as tf from '../tensors/tf'
import { Image } from './image'

/**
 * From the range of a VAE to that from 0 to 1. Each step is rounded to float32, as the operations on tensors round; NaN stays.
 *
 * @param isNormalized for each image of the batch, whether it ranges from -1 to 1
 */
export function* denormalizeLoop(
  values: Float32Array,
  isNormalized: readonly boolean[],
): Generator<void, Float32Array, void> {
  const { fround, max, min } = Math
  const result = Float32Array.from(values)
  const length = values.length / isNormalized.length
  for (const [image, normalized] of isNormalized.entries()) {
    if (!normalized) continue
    yield* inPieces(length, (begin, end) => {
      for (let i = image * length + begin; i < image * length + end; i++) {
        result[i] = max(0, min(fround((values[i] as number) * 0.5 + 0.5), 1))
      }
    })
  }
  return result
}

/** Numbers as images of bytes. Each step is rounded to float32, as the operations on tensors round. */
export function* imagesLoop(
  values: Float32Array,
  [batch, height, width, channels]: tf.Tensor4D['shape'],
  isNormalized: readonly boolean[],
): Generator<void, Image[], void> {
  const { fround } = Math
  // This array rounds halves to even numbers, as NumPy does, and cuts off what is not from 0 to 255.
  const bytes = new Uint8ClampedArray(values.length)
  const length = height * width * channels
  for (const [image, normalized] of isNormalized.entries()) {
    yield* inPieces(length, (begin, end) => {
      for (let i = image * length + begin; i < image * length + end; i++) {
        const value = values[i] as number
        bytes[i] = fround((normalized ? Math.min(fround(value * 0.5 + 0.5), 1) : value) * 255)
      }
    })
  }
  return Array.from({ length: batch }, (_, i) => {
    // The constructor refuses other numbers of channels.
    const options = { width, height, channels: channels as 1 | 3 | 4 }
    return new Image({ ...options, data: new Uint8Array(bytes.buffer, i * length, length) })
  })
}
