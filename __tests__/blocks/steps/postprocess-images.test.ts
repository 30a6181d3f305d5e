import * as tf from '@tensorflow/tfjs'
import { Image, PipelineValidationError, PostprocessImages, ShapeMismatchError } from '../../../index'
import { useBackend } from '../../components/models/use-backend'
import { useLeakCheck } from '../../components/tensors/use-leak-check'
import { collectWarnings, failureOf, take } from '../use-emoji-model'

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

  describe('warns of numbers that are not finite', () => {
    const warningsFor = async (values: number[], outputType: 'image' | 'tensor' = 'image') => {
      const pixels = tf.tensor4d(values, [2, 1, 2, 3])
      const { warnings, onEvent } = collectWarnings()
      const pipe = new PostprocessImages().initPipeline()
      const images = await pipe<Image[] | tf.Tensor>({ pixels, outputType }, { output: 'images', onEvent })
      tf.dispose(images instanceof tf.Tensor ? [pixels, images] : pixels)
      return warnings
    }
    const withValues = (...wrong: number[]) => [...numbers.slice(0, 12 - wrong.length), ...wrong]

    test.each(['image', 'tensor'] as const)('in pictures given as %s', async outputType => {
      const [warning, ...others] = await warningsFor(withValues(NaN, Infinity), outputType)
      expect(others).toEqual([])
      expect(warning).toMatchObject({ code: 'PICTURE_NOT_FINITE' })
      expect(warning?.message).toContain('1 of 2 pictures, the first of them number 2, have 2 of 6 values')
      expect(warning?.message).toContain('checkNumerics')
    })

    test.each([NaN, Infinity, -Infinity])('in pictures of nothing but %p', async value => {
      expect(await warningsFor(new Array(12).fill(value))).toMatchObject([
        { message: expect.stringContaining('12 of 12 values') },
      ])
    })

    test('but not of pictures of one colour', async () => {
      expect(await warningsFor(new Array(12).fill(-1))).toEqual([])
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
