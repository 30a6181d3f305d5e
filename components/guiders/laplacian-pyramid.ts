/** Takes images apart by frequency, and puts them together again. Counterpart: kornia/geometry/transform/pyramid.py */
import * as tf from '../tensors/tf'

/** What a blur reaches beyond its pixel. */
const REACH = 2

/** Weights of the blur along one axis, in sixteenths. */
const BINOMIAL = [1, 4, 6, 4, 1]

/** The blur as one filter for each channel: `[5, 5, channels, 1]`. */
function blurFilter(channels: number): tf.Tensor4D {
  const weights = BINOMIAL.flatMap(a => BINOMIAL.map(b => (a * b) / 256))
  return tf.tile(tf.tensor4d(weights, [5, 5, 1, 1]), [1, 1, channels, 1])
}

function blur(images: tf.Tensor4D): tf.Tensor4D {
  const sides: [number, number] = [REACH, REACH]
  const padded = tf.mirrorPad(images, [[0, 0], sides, sides, [0, 0]], 'reflect')
  return tf.depthwiseConv2d(padded, blurFilter(images.shape[3]), 1, 'valid')
}

/** Half the size. Sides are even: {@link padForLevels} makes them so. */
function shrink(images: tf.Tensor4D): tf.Tensor4D {
  // What bilinear resizing to half the size amounts to.
  return tf.avgPool(blur(images), 2, 2, 'valid')
}

/** Twice the size. */
function grow(images: tf.Tensor4D): tf.Tensor4D {
  const [, height, width] = images.shape
  return blur(tf.image.resizeBilinear(images, [2 * height, 2 * width], false, true))
}

function isPowerOfTwo(side: number): boolean {
  return Number.isInteger(Math.log2(side))
}

/** Whether images have pixels enough: what is blurred must be larger than the blur reaches. */
export function hasRoomForLevels(height: number, width: number, levels: number): boolean {
  return levels === 1 || Math.min(height, width) > 2 ** (levels - 1)
}

/** Reflects images at the right and the bottom up to powers of two, if no side is one or one cannot be halved for every level. */
function padForLevels(images: tf.Tensor4D, levels: number): tf.Tensor4D {
  const [, height, width] = images.shape
  const sides = [height, width]
  if (sides.some(isPowerOfTwo) && sides.every(side => side % 2 ** (levels - 1) === 0)) return images.clone()
  const [below, right] = sides.map(side => 2 ** Math.ceil(Math.log2(side)) - side) as [number, number]
  return tf.mirrorPad(
    images,
    [
      [0, 0],
      [0, below],
      [0, right],
      [0, 0],
    ],
    'reflect',
  )
}

/**
 * The levels of a Laplacian pyramid, from the highest frequencies to the lowest: each is half the size of the one before. Images are padded
 * first where that is needed.
 *
 * @param images `[batch, height, width, channels]` with {@link hasRoomForLevels}
 */
export function laplacianPyramid(images: tf.Tensor4D, levels: number): tf.Tensor4D[] {
  return tf.tidy(() => {
    const pyramid: tf.Tensor4D[] = []
    let rest = padForLevels(images, levels)
    for (let level = 1; level < levels; level++) {
      const smaller = shrink(rest)
      pyramid.push(rest.sub(grow(smaller)))
      rest = smaller
    }
    return [...pyramid, rest]
  })
}

/** The images, as they were padded, that a pyramid was made of. */
export function imagesFromPyramid(pyramid: readonly tf.Tensor4D[]): tf.Tensor4D {
  return tf.tidy(() => pyramid.reduceRight((images, level) => level.add(grow(images))).clone())
}
