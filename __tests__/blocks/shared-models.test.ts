/** Two pipelines that share three models, under a limit that holds two of them. */
import { cp, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { eagerExecutor } from '../../components/executors/eager-executor'
import {
  ComponentsManager,
  type EventListener,
  type Executor,
  GraphExecutor,
  type Image,
  type ManagerEvent,
  PipelineAbortError,
  type PretrainedModel,
  StableDiffusionTextToImageBlocks,
  selectBackend,
} from '../../index'
import { useTemporaryFolder } from '../components/checkpoints/temporary-folder'
import { useLeakCheck } from '../components/tensors/use-leak-check'
import { emojiFolder, failureOf } from './use-emoji-model'

beforeAll(() => selectBackend({ backend: 'wasm', threads: 1 }))
useLeakCheck()

const SHARED = ['textEncoder', 'unet', 'vae', 'tokenizer']

/** Two pipelines of a model, with how many bytes two of the models hold and the largest one. */
async function share(executor: Executor, folder = emojiFolder) {
  const events: ManagerEvent[] = []
  const manager = new ComponentsManager({ onEvent: event => events.push(event) })
  const pipes = ['one', 'other'].map(collection =>
    new StableDiffusionTextToImageBlocks().initPipeline(folder, { componentsManager: manager, collection }),
  )
  const [one, other] = pipes as [(typeof pipes)[0], (typeof pipes)[0]]
  manager.enableAutoCpuOffload({ limit: '1GB' })
  await one.loadComponents({ executor })
  other.updateComponents(manager.getComponentsByNames(SHARED, 'one'))
  await other.loadComponents()
  const models = SHARED.slice(0, 3).map(name => one.components[name] as PretrainedModel)
  const [smallest = 0, middle = 0, largest = 0] = models
    .map(({ memoryFootprint }) => memoryFootprint)
    .sort((a, b) => a - b)
  expect(smallest).toBeGreaterThan(0)
  /** The picture of a seed, by either of the pipelines. */
  const draw = async (seed: number, signal?: AbortSignal, onEvent: EventListener = () => {}) => {
    const inputs = { prompt: seed % 2 ? 'red apple' : 'pizza', numInferenceSteps: 2, batchConditions: true }
    const pipe = pipes[seed % 2] as (typeof pipes)[0]
    const [image] = await pipe<Image[]>(inputs, { output: 'images', seed, onEvent, ...(signal && { signal }) })
    return Buffer.from((image as Image).data).toString('base64')
  }
  /** The same for some seeds at once, as soon as a model is about to be called in each run. */
  const begin = async (...seeds: number[]) => {
    const runs: Promise<string>[] = []
    const begun = seeds.map(
      seed =>
        new Promise<void>(resolve => {
          const onEvent: EventListener = event => {
            if (event.type === 'blockStart' && event.path.at(-1) === 'encodePrompt') resolve()
          }
          runs.push(draw(seed, undefined, onEvent))
        }),
    )
    await Promise.all(begun)
    return runs
  }
  const resident = () => models.reduce((sum, { residentBytes }) => sum + residentBytes, 0)
  /** All calls are over where nothing stays that may leave. */
  const dispose = () => {
    manager.disableAutoCpuOffload()
    expect(resident()).toBe(0)
    for (const pipe of pipes) pipe.dispose()
    manager.dispose()
  }
  const warnings = () => events.flatMap(event => (event.type === 'warning' ? event.code : []))
  return { manager, models, pipes, draw, begin, resident, dispose, warnings, limit: middle + largest, largest }
}

const graphExecutor = new GraphExecutor({ threads: 1 })

describe.each<[string, Executor]>([
  ['eager', eagerExecutor],
  ['graph', graphExecutor],
])('two pipelines with the same models, %s', (_, executor) => {
  const folder = useTemporaryFolder()

  test('draw many pictures at once, some of which are given up', async () => {
    const { manager, draw, resident, dispose, limit } = await share(executor)
    const expected = [await draw(1), await draw(2)]
    manager.enableAutoCpuOffload({ limit })
    let peak = 0
    const watch = setInterval(() => {
      peak = Math.max(peak, resident())
    }, 1)
    const results = await Promise.allSettled(
      Array.from({ length: 12 }, (_, i) => {
        const signal = i % 3 === 2 ? AbortSignal.timeout(5 + 60 * (i - 2)) : undefined
        return draw(1 + (i % 2), signal)
      }),
    )
    clearInterval(watch)
    for (const [i, result] of results.entries()) {
      if (result.status === 'fulfilled') expect(result.value).toBe(expected[i % 2])
      else expect(result.reason).toBeInstanceOf(PipelineAbortError)
      if (i % 3 !== 2) expect(result.status).toBe('fulfilled')
    }
    expect(results[2]?.status).toBe('rejected')
    expect(peak).toBeGreaterThan(0)
    expect(peak).toBeLessThanOrEqual(limit)
    expect(await draw(1)).toBe(expected[0])
    dispose()
  })

  test('end at once when they are given up while they wait for memory', async () => {
    const { manager, models, draw, dispose, largest } = await share(executor)
    const expected = await draw(1)
    manager.enableAutoCpuOffload({ limit: largest })
    const [, unet] = models as [PretrainedModel, PretrainedModel]
    const demand = { form: 'another', bytes: () => largest }
    const leave = await unet.callGuard?.enter(unet, demand)
    const controller = new AbortController()
    const [given, waits] = [failureOf(draw(2, controller.signal)), draw(1)]
    await new Promise(resolve => setTimeout(resolve, 50))
    controller.abort()
    expect(await given).toBeInstanceOf(PipelineAbortError)
    leave?.()
    expect(await waits).toBe(expected)
    dispose()
  })

  test('fail where weights cannot come back, and continue when they can', async () => {
    const copy = join(folder(), 'ein Modell – 模型')
    await cp(emojiFolder, copy, { recursive: true, preserveTimestamps: true })
    const file = join(copy, 'unet', 'diffusion_pytorch_model.safetensors')
    const written = new Date(2020, 1)
    await utimes(file, written, written)
    const { manager, draw, dispose, limit } = await share(executor, copy)
    const expected = [await draw(1), await draw(2)]
    manager.enableAutoCpuOffload({ limit })
    await utimes(file, written, new Date(0))
    const failures = await Promise.all([failureOf(draw(1)), failureOf(draw(2))])
    for (const failure of failures) {
      expect(failure).toMatchObject({ code: 'BLOCK_EXECUTION', cause: { code: 'WEIGHT_FILE_CHANGED', file } })
    }
    await utimes(file, written, written)
    expect(await Promise.all([draw(1), draw(2)])).toEqual(expected)
    dispose()
  })

  test('are called all the same where the limit holds none of them, one at a time, with warnings', async () => {
    const { manager, draw, dispose, warnings } = await share(executor)
    const expected = [await draw(1), await draw(2)]
    manager.enableAutoCpuOffload({ limit: '1KB' })
    expect(await Promise.all([draw(1), draw(2)])).toEqual(expected)
    expect(warnings().filter(code => code === 'OVER_MEMORY_LIMIT').length).toBeGreaterThanOrEqual(3)
    dispose()
  })

  test('leave the other alone when one is disposed during a run, and do not leak when the manager is', async () => {
    const { manager, pipes, draw, begin, resident, limit } = await share(executor)
    const expected = [await draw(1), await draw(2)]
    manager.enableAutoCpuOffload({ limit })
    const during = await begin(1, 2)
    pipes[1]?.dispose()
    expect(await Promise.all(during)).toEqual(expected)
    const last = Promise.allSettled(await begin(2, 2))
    pipes[0]?.dispose()
    manager.dispose()
    for (const result of await last) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'BLOCK_EXECUTION' })
      else expect(result.value).toBe(expected[1])
    }
    expect(resident()).toBe(0)
  })
})
