/** Pictures of runs that were cancelled, saved to a file, loaded and taken up again: the same as of a run that was not. */
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { guiderNames } from '../../../components/guiders/guider-names'
import { schedulerNames } from '../../../components/schedulers/scheduler-names'
import {
  type BaseGuidance,
  EulerDiscreteScheduler,
  type ModularPipeline,
  makeGuider,
  NotResumableError,
  PipelineAbortError,
  type PipelineEvent,
  PipelineState,
  type SchedulerMixin,
  StableDiffusionTextToImageBlocks,
} from '../../../index'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { runScript } from '../../components/executors/run-script'
import { emojiFolder, failureOf, take, useEmojiModel } from '../use-emoji-model'

const emoji = useEmojiModel()
const folder = useTemporaryFolder()
const file = () => join(folder(), 'run.safetensors')

const inputs = { prompt: 'pizza', height: 32, width: 32, numInferenceSteps: 4, outputType: 'tensor', eta: 0.5 }

function pipelineWith(components: { scheduler?: SchedulerMixin; guider?: BaseGuidance } = {}): ModularPipeline {
  return emoji.pipelineOf(new StableDiffusionTextToImageBlocks(), components)
}

type When = (event: PipelineEvent) => boolean

/** After an iteration; and in the middle of one, before the network is asked. */
const afterStep =
  (step: number): When =>
  event =>
    event.type === 'loopStep' && event.step === step
const inStep = (step: number): When => {
  let predictions = 0
  return event => event.type === 'blockStart' && event.block === 'PredictNoise' && ++predictions === step
}
const behind =
  (block: string): When =>
  event =>
    event.type === 'blockEnd' && event.block === block

async function draw(pipe: ModularPipeline, given: object, options: object): Promise<number[]> {
  return take(await pipe<tf.Tensor>({ ...given }, { ...options, output: 'images' })).values
}

/** Draws until `when`, and leaves the state in the file. */
async function drawUntil(when: When, pipe: ModularPipeline, given: object, options: object): Promise<void> {
  const controller = new AbortController()
  const onEvent = (event: PipelineEvent) => {
    if (when(event)) controller.abort()
  }
  const run = pipe({ ...given }, { ...options, signal: controller.signal, onEvent, keepStateOnAbort: true })
  const error = await failureOf(run)
  if (!(error instanceof PipelineAbortError)) throw error
  const state = error.state as PipelineState // What a pipeline puts there.
  await state.save(file())
  state.dispose()
}

async function goOn(pipe: ModularPipeline): Promise<number[]> {
  const state = await PipelineState.load(file())
  const values = await draw(pipe, {}, { state, resume: true })
  state.dispose()
  return values
}

/** Without those that other models need, and ways to space the steps, which say where a run is, not how it goes on. */
const classes = Object.entries(schedulerNames).filter(
  ([name]) => !/^(SCM|EDM|DDIMInverse|DPMSolverMultistepInverse)|_(karras|exponential|beta)$/.test(name),
)

describe('a picture that was taken up again', () => {
  // Each in the middle of a step as well, where there are halves of steps.
  test.each(classes.map(([name]) => name))('is the same with the scheduler %s', async name => {
    const make = () => schedulerNames[name]?.make(emoji.scheduler.config) as SchedulerMixin
    const expected = await draw(pipelineWith({ scheduler: make() }), inputs, { seed: 3 })
    for (const when of [afterStep(2), inStep(4)]) {
      await drawUntil(when, pipelineWith({ scheduler: make() }), inputs, { seed: 3 })
      expect(await goOn(pipelineWith({ scheduler: make() }))).toEqual(expected)
    }
  })

  test.each(Object.keys(guiderNames))('is the same with the guider %s', async name => {
    const make = () => makeGuider(name)
    const expected = await draw(pipelineWith({ guider: make() }), inputs, { seed: 3 })
    for (const when of [afterStep(2), inStep(3)]) {
      await drawUntil(when, pipelineWith({ guider: make() }), inputs, { seed: 3 })
      expect(await goOn(pipelineWith({ guider: make() }))).toEqual(expected)
    }
  })

  test.each([
    ['before the loop', behind('SetTimesteps')],
    ['before the first step is done', inStep(1)],
    ['after the loop', behind('DenoiseLoop')],
    ['at the very start', () => true],
  ])('is the same when cancelled %s', async (_, when) => {
    const given = {
      ...inputs,
      negativePrompt: 'dog',
      guidanceScale: 3,
      guidanceRescale: 0.4,
      prompt: ['pizza', 'rocket'],
    }
    const expected = await draw(pipelineWith(), given, { seed: 3 })
    await drawUntil(when, pipelineWith(), given, { seed: 3 })
    expect(await goOn(pipelineWith())).toEqual(expected)
  })

  test('is the same in another process', async () => {
    const draw = `
      const { StableDiffusionTextToImageBlocks, PipelineState, selectBackend } = tesserae
      await selectBackend({ backend: 'wasm', threads: 1 })
      const pipe = await new StableDiffusionTextToImageBlocks().initPipeline(process.env.MODEL).loadComponents({ executor: 'eager' })
      const state = process.env.STATE ? await PipelineState.load(process.env.STATE) : undefined
      const inputs = JSON.parse(process.env.INPUTS)
      const controller = new AbortController()
      const onEvent = event => { if (event.type === 'loopStep' && event.step === Number(process.env.STOP)) controller.abort() }
      const options = { output: 'images', onEvent, signal: controller.signal, keepStateOnAbort: true, ...(state ? { state, resume: true } : { seed: 3 }) }
      return pipe(inputs, options).then(
        images => [...images.dataSync()],
        async error => { await error.state.save(process.env.TARGET); return error.message },
      )`
    const env = { MODEL: emojiFolder, INPUTS: JSON.stringify(inputs), TARGET: file(), STATE: '', STOP: '' }
    const whole = await runScript<number[]>(draw, env)
    expect(whole).toHaveLength(32 * 32 * 3)
    expect(await runScript<string>(draw, { ...env, STOP: '2' })).toContain('cancelled')
    expect(await runScript<number[]>(draw, { ...env, INPUTS: '{}', STATE: file() })).toEqual(whole)
  }, 60_000)

  test('is not drawn with another scheduler', async () => {
    await drawUntil(afterStep(2), pipelineWith(), inputs, { seed: 3 })
    const state = await PipelineState.load(file())
    const others: [SchedulerMixin, string][] = [
      [new EulerDiscreteScheduler(emoji.scheduler.config), 'was a DDIMScheduler; this one is a EulerDiscreteScheduler'],
      [schedulerNames['ddim']?.make({ betaEnd: 0.03 }) as SchedulerMixin, 'with other settings'],
    ]
    for (const [scheduler, reason] of others) {
      const error = await failureOf(draw(pipelineWith({ scheduler }), {}, { state, resume: true }))
      expect(error).toBeInstanceOf(NotResumableError)
      expect((error as Error).message).toContain(reason)
    }
    state.dispose()
    expect(tf.memory().numTensors).toBeGreaterThan(0)
  })
})
