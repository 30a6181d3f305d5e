/** Pictures that are given as tensors. Counterpart: diffusers image_processor.py (preprocess, resize). */
import { warn } from '../../src/runtime/warn'
import * as tf from '../tensors/tf'
import { ImageSizeError } from './image-size-error'
import { InvalidImageError } from './invalid-image-error'
import type { ResizeMode } from './resize-modes'

/** Tensors of pictures, from 0 to 1: `[batch, height, width, channels]`, `[height, width, channels]`, or for grey pictures `[batch, height, width]`. */
export type ImageTensor = tf.Tensor3D | tf.Tensor4D

/** One batch of the tensors in float32, which the caller owns. @throws ImageSizeError if they are not of one size */
function joinImageTensors(tensors: readonly ImageTensor[], { isGrey }: { isGrey: boolean }): tf.Tensor4D {
  return tf.tidy(() => {
    const batches = tensors.map(tensor => toBatch(tensor, isGrey))
    const [first] = batches
    if (first === undefined) throw new ImageSizeError('A batch needs at least one image, but got none.')
    for (const [i, { shape }] of batches.entries()) {
      if (shape.slice(1).join() === first.shape.slice(1).join()) continue
      const sizes = `tensor 0 is [${first.shape}] and tensor ${i} is [${shape}]`
      throw new ImageSizeError(`A batch needs images of one size, but ${sizes}.`)
    }
    return (batches.length === 1 ? first : tf.concat(batches, 0)).toFloat()
  })
}

function toBatch(tensor: ImageTensor, isGrey: boolean): tf.Tensor4D {
  if (tensor.rank === 4) return tensor as tf.Tensor4D
  if (tensor.rank !== 3) {
    throw new ImageSizeError(`A picture as a tensor must have 3 or 4 dimensions, but has the shape [${tensor.shape}].`)
  }
  return tensor.expandDims<tf.Tensor4D>(isGrey && tensor.shape[2] !== 1 ? 3 : 0)
}

/** A batch in another size, by the nearest pixels; its own tensor. Counterpart: torch.nn.functional.interpolate. */
function resizeImageTensor(images: tf.Tensor4D, { width, height }: { width: number; height: number }): tf.Tensor4D {
  return tf.tidy(() => {
    const rows = tf.gather(images, nearest(images.shape[1], height), 1)
    return tf.gather(rows, nearest(images.shape[2], width), 2)
  })
}

/** The pixel that each new one is taken from; in float32, as in the reference. */
function nearest(size: number, newSize: number): tf.Tensor1D {
  const scale = Math.fround(size / newSize)
  const places = Int32Array.from({ length: newSize }, (_, i) => Math.min(Math.floor(Math.fround(i * scale)), size - 1))
  return tf.tensor1d(places, 'int32')
}

/** Settings of the VaeImageProcessor that prepares tensors. */
interface TensorSettings {
  readonly doConvertGrayscale: boolean
  readonly vaeLatentChannels: number
  readonly doNormalize: boolean
  readonly doBinarize: boolean
}

/**
 * Brings tensors of pictures to the size and the range of a VAE. The result is the caller's.
 *
 * @param sizeFor the size for that of the tensors; `undefined` where they keep theirs
 * @throws ImageSizeError for tensors of several sizes, or options that only pictures allow; InvalidImageError for pictures among tensors
 */
export async function preprocessTensors(
  batch: readonly unknown[],
  { resizeMode = 'default', cropRegion }: { resizeMode?: ResizeMode | undefined; cropRegion?: unknown },
  { doConvertGrayscale, vaeLatentChannels, doNormalize, doBinarize }: TensorSettings,
  sizeFor: (own: { width: number; height: number }) => { width: number; height: number } | undefined,
): Promise<tf.Tensor4D> {
  if (!batch.every(image => image instanceof tf.Tensor)) {
    throw new InvalidImageError('Image', 'a list holds both pictures and tensors. Pass one kind.')
  }
  if (resizeMode !== 'default') {
    throw new ImageSizeError(`Tensors cannot be resized with the mode "${resizeMode}". Pass pictures.`)
  }
  if (cropRegion !== undefined) throw new ImageSizeError('Tensors cannot be cropped to a region. Pass pictures.')
  const joined = joinImageTensors(batch as ImageTensor[], { isGrey: doConvertGrayscale })
  if (joined.shape[3] === vaeLatentChannels) return joined
  let resized = joined
  try {
    const [, height, width] = joined.shape
    const size = sizeFor({ height, width })
    if (size) resized = resizeImageTensor(joined, size)
    const isNormalized = doNormalize && (await lowestOf(resized)) < 0
    if (isNormalized) {
      const problem = 'A tensor of pictures has values below 0, so it is taken to range from -1 to 1.'
      warn('IMAGE_RANGE', `${problem} Pass values from 0 to 1.`)
    }
    return tf.tidy(() => {
      const ranged = doNormalize && !isNormalized ? resized.mul<tf.Tensor4D>(2).sub<tf.Tensor4D>(1) : resized
      return doBinarize ? ranged.greaterEqual(0.5).cast<tf.Tensor4D>('float32') : ranged.clone()
    })
  } finally {
    tf.dispose(resized === joined ? joined : [resized, joined])
  }
}

async function lowestOf(tensor: tf.Tensor): Promise<number> {
  const lowest = tf.min(tensor)
  try {
    return (await lowest.data())[0] ?? 0
  } finally {
    lowest.dispose()
  }
}
