/** Pictures of runs that were cancelled, saved to a file, loaded and resumed: the same as of a run that was not. */
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { guiderNames } from '../../../components/guiders/guider-names'
import { schedulerNames } from '../../../components/schedulers/scheduler-names'
import {
  type BaseGuidance,
  EulerDiscreteScheduler,
  Image,
  type ModularPipeline,
  makeGuider,
  NotResumableError,
  PipelineAbortError,
  type PipelineEvent,
  PipelineState,
  PNDMScheduler,
  type SchedulerMixin,
  StableDiffusionAutoBlocks,
  StableDiffusionTextToImageBlocks,
} from '../../../index'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { runScript } from '../../components/executors/run-script'
import { expectWarnings } from '../../expected-warnings'
import { catchWarnings } from '../../src/fixtures/emitted-warnings'
import { emojiFolder, failureOf, take, useEmojiModel } from '../use-emoji-model'

expectWarnings('ETA_IGNORED', 'IGNORED_SETTINGS')

const emoji = useEmojiModel()
const folder = useTemporaryFolder()
const file = () => join(folder(), 'run.safetensors')

const inputsOfLatents = { prompt: 'pizza', height: 32, width: 32, numInferenceSteps: 4, eta: 0.5 }
const inputs = { ...inputsOfLatents, outputType: 'tensor' }

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

async function draw(pipe: ModularPipeline, given: object, options: object, output = 'images'): Promise<number[]> {
  return take(await pipe<tf.Tensor>({ ...given }, { ...options, output })).values
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

/** Continues from the file, to the end or until `when`. */
async function goOn(pipe: ModularPipeline, output = 'images'): Promise<number[]> {
  const state = await PipelineState.load(file())
  const values = await draw(pipe, {}, { state, resume: true }, output)
  state.dispose()
  return values
}

async function goOnUntil(when: When, pipe: ModularPipeline): Promise<void> {
  const state = await PipelineState.load(file())
  await drawUntil(when, pipe, {}, { state, resume: true })
  state.dispose()
}

/** One name of each kind of component: many have several. */
function oneOfEach(names: readonly string[], make: (name: string) => { readonly config: object }): string[] {
  const kinds = new Map<string, string>()
  for (const name of names) {
    const component = make(name)
    kinds.set(`${component.constructor.name} ${JSON.stringify(component.config)}`, name)
  }
  return [...kinds.values()]
}

/** Without those that other models need, and ways to space the steps, which say where a run is, not how it continues. */
const schedulers = oneOfEach(
  Object.keys(schedulerNames).filter(
    name => !/^(SCM|EDM|DDIMInverse|DPMSolverMultistepInverse)|_(karras|exponential|beta)$/.test(name),
  ),
  name => schedulerNames[name]?.make({}) as SchedulerMixin,
)
const guiders = oneOfEach(Object.keys(guiderNames), makeGuider)

/**
 * The latents drawn in three goes, and in one: cancelled behind a step, and before another is done, which is its middle where there are halves of
 * steps. What is done with them afterwards depends on no scheduler or guider.
 */
async function drawBothWays(components: () => Parameters<typeof pipelineWith>[0]): Promise<[number[], number[]]> {
  const blocks = new StableDiffusionTextToImageBlocks()
  for (const name of ['decode', 'postprocess']) blocks.subBlocks.pop(name)
  const make = () => emoji.pipelineOf(blocks, components())
  const given = { ...inputsOfLatents, height: 16, width: 16 }
  const expected = await draw(make(), given, { seed: 3 }, 'latents')
  await drawUntil(afterStep(2), make(), given, { seed: 3 })
  await goOnUntil(inStep(2), make())
  return [await goOn(make(), 'latents'), expected]
}

describe('what was resumed twice', () => {
  test.each(schedulers)('is the same with the scheduler %s', async name => {
    const make = () => schedulerNames[name]?.make(emoji.scheduler.config) as SchedulerMixin
    const [values, expected] = await drawBothWays(() => ({ scheduler: make() }))
    expect(values).toEqual(expected)
  })

  test.each(guiders)('is the same with the guider %s', async name => {
    const [values, expected] = await drawBothWays(() => ({ guider: makeGuider(name) }))
    expect(values).toEqual(expected)
  })
})

describe('a picture that was resumed', () => {
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

  test('is the same in another process, with both executors', async () => {
    const load = `
      const { StableDiffusionTextToImageBlocks, PipelineState, selectBackend } = tesserae
      await selectBackend({ backend: 'wasm', threads: 1 })
      const { MODEL, FOLDER, INPUTS } = process.env
      const load = executor => new StableDiffusionTextToImageBlocks().initPipeline(MODEL).loadComponents({ executor })
      const results = {}
      const fileOf = executor => FOLDER + '/' + executor + '.safetensors'`
    const begin = `${load}
      for (const executor of ['eager', 'graph']) {
        const pipe = await load(executor)
        const whole = await pipe(JSON.parse(INPUTS), { output: 'images', seed: 3 })
        results[executor] = [...whole.dataSync()]
        const controller = new AbortController()
        const onEvent = event => { if (event.type === 'loopStep' && event.step === 2) controller.abort() }
        const options = { seed: 3, onEvent, signal: controller.signal, keepStateOnAbort: true }
        const error = await pipe(JSON.parse(INPUTS), options).catch(error => error)
        await error.state.save(fileOf(executor))
      }
      return results`
    const finish = `${load}
      for (const executor of ['eager', 'graph']) {
        const pipe = await load(executor)
        const state = await PipelineState.load(fileOf(executor))
        const images = await pipe({}, { output: 'images', state, resume: true })
        results[executor] = [...images.dataSync()]
      }
      return results`
    const env = { MODEL: emojiFolder, FOLDER: folder(), INPUTS: JSON.stringify(inputs) }
    const whole = await runScript<Record<string, number[]>>(begin, env)
    expect(Object.values(whole).map(values => values.length)).toEqual([32 * 32 * 3, 32 * 32 * 3])
    expect(await runScript(finish, env)).toEqual(whole)
  }, 60_000)

  test('is the same with a scheduler whose settings the run has changed for itself', async () => {
    const old = { betaStart: 0.00085, betaEnd: 0.012, betaSchedule: 'scaled_linear', stepsOffset: 1 } as const
    const make = () => emoji.pipelineOf(new StableDiffusionAutoBlocks(), { scheduler: new PNDMScheduler(old) })
    const picture = (channels: 1 | 3) =>
      new Image({ width: 32, height: 32, channels, data: new Uint8Array(32 * 32 * channels).fill(200) })
    const given = { ...inputs, image: picture(3), maskImage: picture(1), eta: undefined }
    const warnings = catchWarnings()
    const expected = await draw(make(), given, { seed: 3 })
    expect(warnings()).toContainEqual(expect.stringContaining('skip_prk_steps'))
    await drawUntil(afterStep(2), make(), given, { seed: 3 })
    await goOnUntil(inStep(2), make())
    expect(await goOn(make())).toEqual(expected)
    const others = { ...old, skipPrkSteps: true }
    const state = await PipelineState.load(file())
    const other = emoji.pipelineOf(new StableDiffusionAutoBlocks(), { scheduler: new PNDMScheduler(others) })
    expect(await failureOf(draw(other, {}, { state, resume: true }))).toBeInstanceOf(NotResumableError)
    state.dispose()
  })

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

test('a picture is the same from each state that its run saved while it continued', async () => {
  const make = () => pipelineWith({ scheduler: PNDMScheduler.fromConfig(emoji.scheduler.config) })
  const steps: (number | undefined)[] = []
  const files: string[] = []
  const save = async (state: PipelineState) => {
    const path = join(folder(), `checkpoint-${steps.push(state.resumePoint?.step)}.safetensors`)
    await state.save(path)
    files.push(path)
  }
  const given = { ...inputs, numInferenceSteps: 5 }
  const expected = await draw(make(), given, { seed: 4, checkpoints: { every: 2, save } })
  expect(expected).toEqual(await draw(make(), given, { seed: 4 }))
  // PNDM takes more steps than it is asked for.
  expect(steps).toEqual([2, 4, 6, 8, 10, 12])
  for (const path of files) {
    const state = await PipelineState.load(path)
    expect(await draw(make(), {}, { state, resume: true })).toEqual(expected)
    state.dispose()
  }
})
