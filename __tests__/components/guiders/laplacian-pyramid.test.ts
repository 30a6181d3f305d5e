import * as tf from '@tensorflow/tfjs'
import { hasRoomForLevels, imagesFromPyramid, laplacianPyramid } from '../../../components/guiders/laplacian-pyramid'
import '../../../testing/jest'
import { useBackend } from '../models/use-backend'
import { near } from './guide'

useBackend('cpu')

test.each([
  [8, 8, '8×8'],
  [8, 16, '8×16 4×8 2×4'],
  // One side that is a power of two is enough, if both can be halved.
  [12, 16, '12×16 6×8 3×4'],
  [12, 20, '16×32 8×16'],
  [9, 16, '16×16 8×8'],
])('images of %i × %i have the levels %s and come out again', (height, width, sizes) => {
  tf.tidy(() => {
    const images = tf.randomNormal<tf.Rank.R4>([2, height, width, 3], 0, 1, 'float32', 7)
    const pyramid = laplacianPyramid(images, sizes.split(' ').length)
    expect(pyramid.map(({ shape }) => `${shape[1]}×${shape[2]}`).join(' ')).toBe(sizes)
    const again = imagesFromPyramid(pyramid).slice([0, 0, 0, 0], images.shape)
    expect(Array.from(again.dataSync())).toEqual(near(Array.from(images.dataSync())))
  })
})

test('flat images have low frequencies only, and finest stripes high ones only', () => {
  tf.tidy(() => {
    const largest = (images: tf.Tensor4D) => laplacianPyramid(images, 2).map(level => level.abs().max().dataSync()[0])
    expect(largest(tf.fill([1, 8, 8, 2], 3))).toEqual(near([0, 3]))
    const stripes = tf.tile(tf.tensor4d([1, -1], [1, 1, 2, 1]), [1, 8, 4, 1]) as tf.Tensor4D // Four axes.
    expect(largest(stripes)).toEqual(near([1, 0]))
  })
})

test('a level is larger than a blur reaches', () => {
  expect([1, 2, 3, 4].map(side => hasRoomForLevels(side, 64, 2))).toEqual([false, false, true, true])
  expect([4, 5, 8].map(side => hasRoomForLevels(64, side, 3))).toEqual([false, true, true])
  expect(hasRoomForLevels(1, 1, 1)).toBe(true)
})

test('leaves nothing behind', () => {
  const images = tf.ones<tf.Rank.R4>([1, 9, 9, 1])
  expect(() => {
    const pyramid = laplacianPyramid(images, 3)
    imagesFromPyramid(pyramid).dispose()
    tf.dispose(pyramid)
  }).toLeakNoTensors()
  images.dispose()
})
