import * as tf from '@tensorflow/tfjs'
import { EulerDiscreteScheduler, ScaleModelInput } from '../../../index'
import { take, useEmojiModel } from '../use-emoji-model'
import { oneIterationOf } from './one-iteration'

const emoji = useEmojiModel()

/** Runs the block on latents of all numbers from -1 to almost 1, and tells whether it gave the same tensor back. */
async function scale(inputs: Record<string, unknown>, components = {}): Promise<{ values: number[]; isSame: boolean }> {
  const latents = tf.tidy(() => tf.range(0, 64).div(32).sub(1).reshape<tf.Tensor4D>([1, 4, 4, 4]))
  const pipe = emoji.pipelineOf(oneIterationOf({ scaleInput: ScaleModelInput }), components)
  const scaled = await pipe<tf.Tensor>({ latents, ...inputs }, { output: 'scaledLatents' })
  const isSame = scaled === latents
  latents.dispose()
  return { values: take(scaled).values, isSame }
}

describe('ScaleModelInput', () => {
  test('hands on what needs no scaling, as a tensor of its own', async () => {
    const { values, isSame } = await scale({})
    expect(values).toEqual(Array.from({ length: 64 }, (_, i) => i / 32 - 1))
    expect(isSame).toBe(false)
  })

  test.each([0, 3])('divides by the noise level of step %i, where the scheduler works with noise levels', async at => {
    const scheduler = new EulerDiscreteScheduler()
    const { values } = await scale({ numInferenceSteps: 5, at }, { scheduler })
    const own = scheduler.forRun()
    own.setTimesteps(5)
    const sigma = own.sigmas?.[at] as number
    expect(values[0]).toBeCloseTo(-1 / Math.sqrt(sigma ** 2 + 1), 6)
  })
})
