import {
  DDIMScheduler,
  DPMSolverMultistepScheduler,
  EulerDiscreteScheduler,
  PipelineValidationError,
  type SchedulerMixin,
  SetTimesteps,
} from '../../../index'
import { runBlock } from '../../../testing'
import '../../../testing/jest'
import { useLeakCheck } from '../../components/tensors/use-leak-check'
import { failureOf } from '../use-emoji-model'

useLeakCheck()

const ddim = new DDIMScheduler({ stepsOffset: 1, setAlphaToOne: false, clipSample: false })

function choose(inputs: Record<string, unknown>, scheduler: SchedulerMixin = ddim) {
  return runBlock(SetTimesteps, { inputs, components: { scheduler } })
}

describe('SetTimesteps', () => {
  test('needs nothing but a scheduler', () => {
    expect(SetTimesteps).toWire()
    expect(SetTimesteps).toRequireInputs([])
    expect(SetTimesteps).toProduceOutputs(['timesteps', 'numInferenceSteps'])
  })

  test('takes 50 steps unless told otherwise', async () => {
    const { timesteps, numInferenceSteps } = await choose({})
    expect(numInferenceSteps).toBe(50)
    expect(timesteps).toHaveLength(50)
    expect(timesteps?.slice(0, 3)).toEqual([981, 961, 941])
  })

  test('takes as many steps as told', async () => {
    expect(await choose({ numInferenceSteps: 4 })).toEqual({ timesteps: [751, 501, 251, 1], numInferenceSteps: 4 })
    expect(await choose({ numInferenceSteps: 1 })).toEqual({ timesteps: [1], numInferenceSteps: 1 })
  })

  test('takes the timesteps of the caller', async () => {
    const timesteps = [900, 500, 100, 20]
    const chosen = await choose({ timesteps }, new DPMSolverMultistepScheduler())
    expect(chosen).toEqual({ timesteps, numInferenceSteps: 4 })
  })

  test('takes the noise levels of the caller', async () => {
    const { timesteps, numInferenceSteps } = await choose({ sigmas: [10, 5, 1, 0] }, new EulerDiscreteScheduler())
    expect(numInferenceSteps).toBe(3)
    expect(timesteps).toHaveLength(3)
    expect(timesteps).toEqual(timesteps?.toSorted((a, b) => b - a))
  })

  test("leaves the pipeline's scheduler and the caller's list as they are", async () => {
    const scheduler = new DPMSolverMultistepScheduler()
    const timesteps = Object.freeze([900, 500]) as readonly number[]
    const chosen = await choose({ timesteps }, scheduler)
    expect(chosen.timesteps).not.toBe(timesteps)
    expect(scheduler.numInferenceSteps).toBeUndefined()
  })

  test.each([
    [{ numInferenceSteps: 0 }, '>=1'],
    [{ numInferenceSteps: -3 }, '>=1'],
    [{ numInferenceSteps: 2.5 }, 'expected int'],
    [{ numInferenceSteps: Number.NaN }, 'expected number'],
    [{ numInferenceSteps: Number.POSITIVE_INFINITY }, 'expected number'],
    [{ numInferenceSteps: '20' }, 'the string "20"'],
    [{ timesteps: [] }, '>=1'],
    [{ timesteps: 'many' }, 'the string "many"'],
    [{ sigmas: [1, Number.NaN] }, 'expected number'],
  ])('refuses %j before it begins', async (inputs, message) => {
    const error = await failureOf(choose(inputs))
    expect(error).toBeInstanceOf(PipelineValidationError)
    const [input] = Object.keys(inputs)
    expect((error as PipelineValidationError).issues).toEqual([expect.objectContaining({ code: 'INPUT_TYPE', input })])
    expect((error as Error).message).toContain(message)
  })

  test.each([
    ['more steps than the training had', { numInferenceSteps: 1001 }, 'from 1 to 1000', ddim],
    ['timesteps that rise', { timesteps: [100, 500] }, 'must decrease', new DPMSolverMultistepScheduler()],
    ['timesteps beyond the training', { timesteps: [1000, 5] }, 'from 0 to 999', new DPMSolverMultistepScheduler()],
    [
      'timesteps and noise levels at once',
      { timesteps: [9, 5], sigmas: [2, 1] },
      'together',
      new EulerDiscreteScheduler(),
    ],
    ['timesteps where the scheduler has its own', { timesteps: [900, 500] }, 'cannot be given to this scheduler', ddim],
  ])('tells what the scheduler says of %s', async (_, inputs, message, scheduler) => {
    const error = await failureOf(choose(inputs, scheduler))
    expect(error).toMatchObject({ code: 'BLOCK_EXECUTION', cause: { code: 'SCHEDULER_ARGUMENT' } })
    expect((error as Error).message).toContain(message)
  })
})
