/** Pictures and masks that a caller passes as tensors. Counterpart: VaeImageProcessor.preprocess of diffusers. */
import { type Autoencoder, type Image, tf } from '../../components'
import { InputTypeError } from '../../src'

/** Pictures of a caller: one, several, or the pixels or latents of several. */
export type GivenPictures = Image | Image[] | tf.Tensor4D

/** Returns how many pictures there are. */
export function countOfPictures(pictures: GivenPictures): number {
  return pictures instanceof tf.Tensor ? pictures.shape[0] : [pictures].flat().length
}

/** Returns whether a tensor holds latents of a VAE. As in the reference, its channels decide. */
export function areLatents(tensor: tf.Tensor4D, { config: { latentChannels } }: Autoencoder): boolean {
  return tensor.rank === 4 && tensor.shape[3] === latentChannels
}

/** What is expected of a tensor. */
export interface PixelTensorOptions {
  readonly path: readonly string[]
  /** The input that the caller passed. */
  readonly input: string
  /** Channels of the pixels: 3 for pictures, 1 for masks. */
  readonly channels: number
  /** What a caller can pass instead, for the error: a sentence. */
  readonly otherwise?: string
}

/**
 * Makes sure that a tensor holds pixels: `[pictures, height, width, channels]` from 0 to 1. Other pictures pass.
 *
 * @throws InputTypeError for other shapes, other values, NaN, and tensors without values
 */
export async function requirePixels(
  pictures: GivenPictures,
  { path, input, channels, otherwise = '' }: PixelTensorOptions,
): Promise<void> {
  if (!(pictures instanceof tf.Tensor)) return
  const refuse = (expected: string) => new InputTypeError({ path, input, expected, value: pictures })
  const { shape, size } = pictures
  if (shape.length !== 4 || shape[3] !== channels || size === 0) {
    throw refuse(`the pixels must be a tensor [pictures, height, width, ${channels}]${otherwise && `. ${otherwise}`}`)
  }
  const { lowest, highest, areFinite } = await rangeOf(pictures)
  if (!areFinite) throw refuse('its values must lie from 0 to 1, and some are NaN or infinite')
  if (lowest >= 0 && highest <= 1) return
  const advice = lowest >= -1 && highest <= 1 ? 'tensor.add(1).div(2)' : 'tensor.div(255)'
  throw refuse(
    `its values must lie from 0 to 1, and they lie from ${lowest} to ${highest}. Scale them, for instance with ${advice}`,
  )
}

/** Returns the lowest and the highest value, and whether all are finite numbers. */
async function rangeOf(tensor: tf.Tensor): Promise<{ lowest: number; highest: number; areFinite: boolean }> {
  const range = tf.tidy(() => {
    const values = tensor.toFloat()
    // Zero times NaN or infinity is NaN. The lowest and the highest value may skip NaN.
    return tf.stack([values.min(), values.max(), values.mul(0).sum()])
  })
  try {
    const [lowest, highest, zero] = (await range.data()) as unknown as [number, number, number]
    return { lowest, highest, areFinite: zero === 0 }
  } finally {
    range.dispose()
  }
}
