import {
  DDIMScheduler,
  EulerDiscreteScheduler,
  HeunDiscreteScheduler,
  InputTypeError,
  PipelineValidationError,
  PNDMScheduler,
  type SchedulerMixin,
  SetImg2ImgTimesteps,
} from '../../../index'
import { runBlock } from '../../../testing'
import '../../../testing/jest'
import { useLeakCheck } from '../../components/tensors/use-leak-check'
import { failureOf } from '../use-emoji-model'

useLeakCheck()

const ddim = new DDIMScheduler({ stepsOffset: 1, setAlphaToOne: false, clipSample: false })

function choose(inputs: Record<string, unknown>, scheduler: SchedulerMixin = ddim) {
  return runBlock(SetImg2ImgTimesteps, { inputs, components: { scheduler } })
}

/** The error of a block, without the path that wraps it. */
const causeOf = (error: unknown) => (error as { cause?: unknown }).cause ?? error

describe('SetImg2ImgTimesteps', () => {
  test('takes the share of the steps that the strength says, the last ones', async () => {
    expect(await choose({ numInferenceSteps: 10, strength: 0.3 })).toEqual({
      timesteps: [201, 101, 1],
      numInferenceSteps: 3,
      latentTimestep: 201,
    })
    expect((await choose({ numInferenceSteps: 4, strength: 1 })).timesteps).toEqual([751, 501, 251, 1])
    expect((await choose({ numInferenceSteps: 10, strength: 0.39 })).timesteps).toHaveLength(3)
  })

  test('takes 30 % of the steps unless told otherwise', async () => {
    expect((await choose({})).timesteps).toHaveLength(15)
  })

  // The numbers are those of get_timesteps of StableDiffusionXLImg2ImgPipeline.
  test('begins and ends where a share of the noise is gone', async () => {
    expect((await choose({ numInferenceSteps: 10, denoisingStart: 0.8 })).timesteps).toEqual([101, 1])
    expect((await choose({ numInferenceSteps: 10, denoisingStart: 0.4, denoisingEnd: 0.8 })).timesteps).toEqual([
      501, 401, 301, 201,
    ])
    expect((await choose({ numInferenceSteps: 10, strength: 1, denoisingEnd: 0.8 })).numInferenceSteps).toBe(8)
    expect((await choose({ numInferenceSteps: 4, denoisingStart: 0, strength: 0.1 })).timesteps).toHaveLength(4)
  })

  test('counts two timesteps for each step of a scheduler of order 2, and cuts no step in half', async () => {
    const heun = new HeunDiscreteScheduler()
    const { timesteps, numInferenceSteps } = await choose({ numInferenceSteps: 10, strength: 0.3 }, heun)
    expect(numInferenceSteps).toBe(3)
    expect(timesteps).toHaveLength(5)
    const cut = (await choose({ numInferenceSteps: 10, denoisingStart: 0.5 }, heun)).timesteps ?? []
    expect(cut.length % 2).toBe(1)
  })

  test('keeps the step that PNDM takes twice at the begin of its schedule', async () => {
    const pndm = new PNDMScheduler({ skipPrkSteps: true, stepsOffset: 1 })
    expect((await choose({ numInferenceSteps: 4, strength: 1 }, pndm)).timesteps).toEqual([751, 501, 501, 251, 1])
    expect((await choose({ numInferenceSteps: 4, strength: 0.5 }, pndm)).timesteps).toEqual([501, 251, 1])
  })

  test('takes a share of the timesteps of the caller', async () => {
    const given = { sigmas: [10, 5, 1, 0.5, 0], strength: 0.5 }
    expect((await choose(given, new EulerDiscreteScheduler())).timesteps).toHaveLength(2)
  })

  test.each([
    [{ strength: 0.5 }, 5],
    [{ strength: 0.5, denoisingEnd: 0.8 }, 3],
    [{ denoisingStart: 0.4, denoisingEnd: 0.8 }, 4],
    [{ denoisingStart: 0.8 }, 2],
  ])('counts the steps of %j before a run, as many as it takes', async (inputs, steps) => {
    const given = { numInferenceSteps: 10, ...inputs }
    expect((await choose(given)).timesteps).toHaveLength(steps)
    const pipe = new SetImg2ImgTimesteps().initPipeline(undefined, { limits: { maxSteps: 1 } })
    pipe.updateComponents({ scheduler: ddim })
    const error = await failureOf(pipe(given))
    expect((error as PipelineValidationError).issues).toMatchObject([{ code: 'LIMIT_EXCEEDED', asked: steps }])
    pipe.dispose()
  })

  test.each([
    [{ strength: 0 }, 'strength', 'leaves none of the 50 steps'],
    [{ strength: 0.09, numInferenceSteps: 10 }, 'strength', 'leaves none of the 10 steps. Pass a larger strength'],
    [
      { strength: 0.3, denoisingEnd: 0.5, numInferenceSteps: 10 },
      'strength',
      'leaves none of the 10 steps before denoisingEnd, 0.5. Pass a larger strength or a later end',
    ],
    [{ denoisingStart: 0.5, denoisingEnd: 0.4 }, 'denoisingEnd', 'must be greater than denoisingStart, which is 0.5'],
    [{ denoisingStart: 0.5, denoisingEnd: 0.5 }, 'denoisingEnd', 'must be greater than denoisingStart'],
    [{ denoisingStart: 0.5, denoisingEnd: 0.501, numInferenceSteps: 2 }, 'denoisingStart', 'no timestep lies between'],
  ])('refuses %j, which leaves no step', async (inputs, input, message) => {
    const error = causeOf(await failureOf(choose(inputs)))
    expect(error).toBeInstanceOf(InputTypeError)
    expect(error).toMatchObject({ input, message: expect.stringContaining(message) })
  })

  test.each([
    { strength: 1.01 },
    { strength: -0.1 },
    { strength: Number.NaN },
    { denoisingStart: 1 },
    { denoisingStart: -0.1 },
    { denoisingEnd: 0 },
    { denoisingEnd: 1.5 },
  ])('refuses %j before it begins', async inputs => {
    const error = await failureOf(choose(inputs))
    expect(error).toBeInstanceOf(PipelineValidationError)
    const [input] = Object.keys(inputs)
    expect((error as PipelineValidationError).issues).toEqual([expect.objectContaining({ code: 'INPUT_TYPE', input })])
  })
})
