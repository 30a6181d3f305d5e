import * as tf from '@tensorflow/tfjs'
import {
  DDIMScheduler,
  DPMSolverMultistepScheduler,
  Generator,
  PipelineValidationError,
  randnTensor,
  type SchedulerMixin,
  SchedulerStep,
} from '../../../index'
import { useBackend } from '../../components/models/use-backend'
import { useLeakCheck } from '../../components/tensors/use-leak-check'
import { failureOf, take } from '../use-emoji-model'
import { oneIterationOf } from './one-iteration'

useBackend('cpu')
useLeakCheck()

/** Latents, and what the UNet predicted for them. */
function makeInputs(): { latents: tf.Tensor4D; noisePred: tf.Tensor4D } {
  const draw = (seed: number) => randnTensor([1, 4, 4, 4], new Generator(seed))
  return { latents: draw(1), noisePred: draw(2) }
}

/** The latents after the first of 4 steps, unless the inputs say otherwise. */
async function step(scheduler: SchedulerMixin, inputs: Record<string, unknown> = {}): Promise<number[]> {
  const pipe = oneIterationOf({ update: SchedulerStep }).initPipeline().updateComponents({ scheduler })
  const tensors = makeInputs()
  const before = [...tensors.latents.dataSync()]
  try {
    const stepped = await pipe<tf.Tensor>({ ...tensors, numInferenceSteps: 4, ...inputs }, { output: 'latents' })
    expect([...tensors.latents.dataSync()]).toEqual(before)
    return take(stepped).values
  } finally {
    tf.dispose([tensors.latents, tensors.noisePred])
  }
}

const ddim = new DDIMScheduler()
const stochastic = new DPMSolverMultistepScheduler({ algorithmType: 'sde-dpmsolver++' })

describe('SchedulerStep', () => {
  test('takes the step that the scheduler takes', async () => {
    const scheduler = ddim.forRun()
    scheduler.setTimesteps(4)
    const expected = tf.tidy(() => {
      const { latents, noisePred } = makeInputs()
      return scheduler.step(noisePred, scheduler.timesteps[1] as number, latents).prevSample
    })
    expect(await step(ddim, { at: 1 })).toEqual(take(expected).values)
  })

  test("leaves the pipeline's scheduler as it is", async () => {
    await step(stochastic, { generator: new Generator(1) })
    expect(stochastic.stepIndex).toBeUndefined()
  })

  test('adds fresh noise with eta, from the generator', async () => {
    const noisy = (seed: number) => step(ddim, { eta: 1, generator: new Generator(seed) })
    expect(await noisy(1)).toEqual(await noisy(1))
    expect(await noisy(1)).not.toEqual(await noisy(2))
    expect(await noisy(1)).not.toEqual(await step(ddim))
  })

  test('draws the noise of a stochastic scheduler from the generator', async () => {
    const noisy = (seed: number) => step(stochastic, { generator: new Generator(seed) })
    expect(await noisy(1)).toEqual(await noisy(1))
    expect(await noisy(1)).not.toEqual(await noisy(2))
  })

  test('says that a stochastic scheduler needs a generator', async () => {
    const error = await failureOf(step(stochastic))
    expect(error).toMatchObject({ path: ['iteration[step 1]', 'update'], cause: { code: 'MISSING_GENERATOR' } })
  })

  test.each([
    ['eta', { eta: -0.1 }],
    ['eta', { eta: '1' }],
    ['generator', { generator: 3 }],
    ['noisePred', { noisePred: [0] }],
  ])('refuses a wrong %s: %j', async (input, inputs) => {
    const error = await failureOf(step(ddim, inputs))
    expect(error).toBeInstanceOf(PipelineValidationError)
    expect((error as PipelineValidationError).issues).toEqual([expect.objectContaining({ code: 'INPUT_TYPE', input })])
  })

  test('tells what the scheduler says of an eta above 1', async () => {
    const error = await failureOf(step(ddim, { eta: 1.5, generator: new Generator(1) }))
    expect(error).toMatchObject({ code: 'BLOCK_EXECUTION', cause: { code: 'SCHEDULER_ARGUMENT' } })
  })

  test('refuses a prediction of another shape than the latents', async () => {
    const wrong = tf.zeros([1, 4, 2, 4])
    const error = await failureOf(step(ddim, { noisePred: wrong }))
    wrong.dispose()
    expect(error).toMatchObject({ code: 'SHAPE_MISMATCH' })
  })
})
