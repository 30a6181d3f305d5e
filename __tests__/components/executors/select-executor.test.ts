/** What computes the models: what is asked for, or the best there is. */
import * as tf from '@tensorflow/tfjs'
import { selectBackend } from '../../../components/backends/select-backend'
import { eagerExecutor } from '../../../components/executors/eager-executor'
import {
  type ExecutorName,
  type ExecutorSelection,
  selectExecutor,
} from '../../../components/executors/select-executor'
import type { PretrainedModel } from '../../../components/models/pretrained-model'
import { ComponentContainer, StableDiffusionTextToImageBlocks } from '../../../index'
import { UnknownValueError } from '../../../src/errors/unknown-value-error'
import { emojiFolder } from '../../blocks/use-emoji-model'
import { useLeakCheck } from '../tensors/use-leak-check'
import { useEnvironment } from './environment'

useEnvironment('TESSERAE_EXECUTOR', 'TESSERAE_PROVIDER', 'TESSERAE_BACKEND')

/** The choice before any backend is chosen; the tests that follow choose one. */
let first: ExecutorSelection
beforeAll(async () => {
  first = await selectExecutor()
})

describe('selectExecutor() without a word', () => {
  test('takes the first that works, and says why not those before', () => {
    const { executor, tried } = first
    expect(tried.at(-1)).toEqual({ name: expect.stringMatching(`^${executor.name} on `), ok: true })
    for (const { ok, reason } of tried.slice(0, -1))
      expect({ ok, reason }).toEqual({ ok: false, reason: expect.stringMatching(/\S/) })
  })

  test('takes the same again', async () => {
    expect((await selectExecutor()).executor).toBe(first.executor)
    expect((await selectExecutor({ executor: 'auto' })).executor).toBe(first.executor)
  })
})

describe('selectExecutor()', () => {
  useLeakCheck()

  test('gives calls with the same options the same executor', async () => {
    const options = { executor: 'graph', provider: 'cpu', threads: 1 } as const
    const { executor } = await selectExecutor(options)
    expect(executor).toMatchObject({ name: 'graph', backend: 'onnxruntime-cpu', device: 'CPU, 1 thread' })
    expect((await selectExecutor({ threads: 1, provider: 'cpu', executor: 'graph' })).executor).toBe(executor)
    expect((await selectExecutor({ ...options, threads: 2 })).executor).not.toBe(executor)
  })

  test('computes eagerly on request', async () => {
    const { executor, tried } = await selectExecutor({ executor: 'eager' })
    expect(executor).toBe(eagerExecutor)
    expect(tried).toEqual([{ name: `eager on ${tf.getBackend()}`, ok: true }])
    expect(executor.backend).toBe(tf.getBackend())
    const { warning } = await selectExecutor({ executor: 'eager', provider: 'cuda' })
    expect(warning).toContain('so these options have no effect: "provider"')
  })

  test('takes what the environment says, unless the call says something else', async () => {
    process.env.TESSERAE_EXECUTOR = 'eager'
    expect((await selectExecutor()).executor.name).toBe('eager')
    expect((await selectExecutor({ executor: 'graph' })).executor.name).toBe('graph')
    process.env.TESSERAE_EXECUTOR = 'graph'
    process.env.TESSERAE_PROVIDER = 'cpu'
    expect((await selectExecutor()).executor.backend).toBe('onnxruntime-cpu')
  })

  test.each([
    [{ executor: 'graf' as ExecutorName }, 'executor "graf"', 'Did you mean "graph"?'],
    [{ executor: '' as ExecutorName }, 'executor ""', '"auto", "eager" and "graph"'],
    [{ provider: 'gpu' as 'cpu' }, 'provider "gpu"', '"cpu", "webgpu" and "cuda"'],
  ])('refuses %j', async (options, what, hint) => {
    const selecting = selectExecutor(options)
    await expect(selecting).rejects.toThrow(UnknownValueError)
    await expect(selecting).rejects.toThrow(what)
    await expect(selecting).rejects.toThrow(hint)
  })

  test('refuses names of the environment that do not exist', async () => {
    process.env.TESSERAE_EXECUTOR = 'eagr'
    await expect(selectExecutor()).rejects.toThrow('Did you mean "eager"?')
    process.env.TESSERAE_EXECUTOR = 'graph'
    process.env.TESSERAE_PROVIDER = 'webgp'
    await expect(selectExecutor()).rejects.toThrow('Did you mean "webgpu"?')
  })

  test('lets the CPU compute where a provider does not work, and says so', async () => {
    const { executor, tried, warning } = await selectExecutor({ provider: 'cuda' })
    expect(tried[0]?.name).toBe('graph on cuda')
    expect(tried.at(-1)?.ok).toBe(true)
    const works = tried.length === 1
    expect(executor.backend).toBe(works ? 'onnxruntime-cuda' : 'onnxruntime-cpu')
    expect(warning ?? '').toMatch(
      works ? /^$/ : /^The execution provider "cuda" does not work here, so the CPU is used: ./,
    )
  })

  test('takes a backend at its word that was asked for by name', async () => {
    await selectBackend({ backend: 'wasm', threads: 1 })
    expect((await selectExecutor()).executor).toBe(eagerExecutor)
    expect((await selectExecutor({ executor: 'auto' })).executor).toBe(eagerExecutor)
    expect((await selectExecutor({ threads: 2, maxSessions: 3 })).warning).toBe(
      'The models are computed eagerly on wasm, so these options have no effect: "maxSessions" and "threads". Leave them out.',
    )
    expect(eagerExecutor).toMatchObject({ backend: 'wasm', device: expect.stringMatching(/^CPU, \d+ thread/) })
    expect(eagerExecutor.version).toContain('tfjs-backend-wasm')
    expect((await selectExecutor({ executor: 'graph' })).executor.name).toBe('graph')
  })
})

describe('a pipeline', () => {
  beforeAll(() => selectBackend({ backend: 'wasm', threads: 1 }))
  useLeakCheck()

  const names = ['textEncoder']

  /** The name of the executor of the model that is loaded so. */
  async function executorOf(executor: string | object | undefined, registered?: string | object): Promise<string> {
    const container = ComponentContainer.create()
    if (registered !== undefined) container.register('executor', { useValue: registered })
    const pipe = new StableDiffusionTextToImageBlocks().initPipeline(emojiFolder, { container })
    try {
      await pipe.loadComponents({ names, ...(executor !== undefined && { executor }) })
      const model = pipe.components.textEncoder as PretrainedModel
      const isLazy = model.parameters().every(({ source }) => source !== undefined)
      expect(isLazy).toBe(model.executor.readsWeights)
      return model.executor.name
    } finally {
      pipe.dispose()
    }
  }

  test('computes its models with the executor that is passed', async () => {
    expect(await executorOf('graph')).toBe('graph')
    expect(await executorOf('eager')).toBe('eager')
    expect(await executorOf((await selectExecutor({ executor: 'graph' })).executor)).toBe('graph')
  })

  test('asks its container if no executor is passed', async () => {
    expect(await executorOf(undefined, 'graph')).toBe('graph')
    expect(await executorOf(undefined, 'eager')).toBe('eager')
    expect(await executorOf(undefined, eagerExecutor)).toBe('eager')
    expect(await executorOf('graph', 'eager')).toBe('graph')
    expect(await executorOf(undefined)).toBe('eager')
  })

  test('refuses an executor that does not exist', async () => {
    const pipe = new StableDiffusionTextToImageBlocks().initPipeline(emojiFolder)
    await expect(pipe.loadComponents({ names, executor: 'grpah' })).rejects.toThrow('Did you mean "graph"?')
    pipe.dispose()
  })
})
