import * as tf from '@tensorflow/tfjs'
import { Image, PipelineValidationError, PostprocessImages, ShapeMismatchError } from '../../../index'
import { useBackend } from '../../components/models/use-backend'
import { useLeakCheck } from '../../components/tensors/use-leak-check'
import { failureOf, take } from '../use-emoji-model'

useBackend('cpu')
useLeakCheck()

// Two pictures of 1 x 2 pixels, with numbers on both sides of the range.
const numbers = [-1, 0, 1, 5, -5, 0.5, 0.25, -0.25, 0.1, -0.1, 1, -1]

/** Calls the block with the two pictures. */
async function postprocess<T>(inputs: Record<string, unknown> = {}): Promise<T> {
  const pixels = tf.tensor4d(numbers, [2, 1, 2, 3])
  try {
    return await new PostprocessImages().initPipeline()<T>({ pixels, ...inputs }, { output: 'images' })
  } finally {
    pixels.dispose()
  }
}

describe('PostprocessImages', () => {
  test('makes a picture of each element of the batch', async () => {
    const images = await postprocess<Image[]>()
    expect(images.every(image => image instanceof Image)).toBe(true)
    expect(images).toMatchObject([
      { width: 2, height: 1, channels: 3 },
      { width: 2, height: 1, channels: 3 },
    ])
    expect(images.map(({ data }) => [...data])).toEqual([
      [0, 128, 255, 255, 0, 191],
      [159, 96, 140, 115, 255, 0],
    ])
  })

  test('gives numbers from 0 to 1 on request', async () => {
    const { shape, values } = take(await postprocess<tf.Tensor>({ outputType: 'tensor' }))
    expect(shape).toEqual([2, 1, 2, 3])
    const expected = numbers.map(number => Math.min(1, Math.max(0, number / 2 + 0.5)))
    values.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i] as number, 6)
    })
  })

  test('refuses a form that it does not know', async () => {
    const error = await failureOf(postprocess({ outputType: 'latent' }))
    expect(error).toBeInstanceOf(PipelineValidationError)
    expect((error as Error).message).toContain(
      'input "outputType" got the string "latent"; it must be "image" | "tensor"',
    )
  })

  test('refuses pixels that are not red, green and blue', async () => {
    const pixels = tf.zeros([1, 2, 2, 4])
    expect(await failureOf(postprocess({ pixels }))).toBeInstanceOf(ShapeMismatchError)
    pixels.dispose()
  })
})
