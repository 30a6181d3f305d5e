/** Models that leave memory and come back, by themselves and under a manager with a limit. */
import { cp, mkdir, readdir, rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { eagerExecutor } from '../../../components/executors/eager-executor'
import { GraphExecutor } from '../../../components/executors/graph/graph-executor'
import { RuntimeProcess } from '../../../components/executors/graph/runtime-process'
import { Linear } from '../../../components/nn/linear'
import { Parameter } from '../../../components/nn/parameter'
import {
  AutoencoderKL,
  CLIPTextModel,
  ComponentContainer,
  ComponentsManager,
  type Executor,
  type Image,
  type ManagerEvent,
  PipelineAbortError,
  type PretrainedModel,
  StableDiffusionTextToImageBlocks,
  selectBackend,
  UNet2DConditionModel,
} from '../../../index'
import { emojiFolder, failureOf } from '../../blocks/use-emoji-model'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { FunctionModel, loadSomeWeights } from '../executors/function-model'
import { tensorMemory, useLeakCheck } from '../tensors/use-leak-check'

beforeAll(() => selectBackend({ backend: 'wasm', threads: 1 }))
useLeakCheck()

const graphExecutor = new GraphExecutor({ threads: 1 })
const executors: [name: string, executor: Executor][] = [
  ['eager', eagerExecutor],
  ['graph', graphExecutor],
]

const CLASSES = { textEncoder: CLIPTextModel, unet: UNet2DConditionModel, vae: AutoencoderKL } as const

const SUBFOLDERS = { textEncoder: 'text_encoder', unet: 'unet', vae: 'vae' } as const

type Models = Record<keyof typeof CLASSES, PretrainedModel>

/** The models of the bundled folder, and a pipeline with them that draws. */
async function loadAll(executor: Executor, lazy: boolean) {
  const entries = Object.entries(CLASSES).map(async ([name, modelClass]) => {
    const subfolder = SUBFOLDERS[name as keyof typeof CLASSES]
    return [name, await modelClass.fromPretrained(emojiFolder, { subfolder, executor, lazy })]
  })
  const models = Object.fromEntries(await Promise.all(entries)) as Models
  const pipe = new StableDiffusionTextToImageBlocks().initPipeline(emojiFolder)
  pipe.updateComponents({ ...(models as Record<string, unknown>) })
  await pipe.loadComponents()
  const draw = async (seed = 1, signal?: AbortSignal) => {
    const inputs = { prompt: 'red apple', numInferenceSteps: 2 }
    const [image] = await pipe<Image[]>(inputs, { output: 'images', seed, ...(signal && { signal }) })
    return Buffer.from((image as Image).data).toString('base64')
  }
  return { models, draw, pipe }
}

/** Notes the most bytes of weights that models have at any moment in which some come. */
function watchPeak(models: Models): () => number {
  let peak = 0
  const look = () => {
    peak = Math.max(
      peak,
      Object.values(models).reduce((sum, { residentBytes }) => sum + residentBytes, 0),
    )
  }
  const { fetch } = Parameter.prototype
  jest.spyOn(Parameter.prototype, 'fetch').mockImplementation(async function (this: Parameter) {
    await fetch.call(this)
    look()
  })
  const { create } = RuntimeProcess.prototype
  jest.spyOn(RuntimeProcess.prototype, 'create').mockImplementation(function (this: RuntimeProcess, ...request) {
    look()
    return create.apply(this, request)
  })
  return () => {
    look()
    return peak
  }
}

const sizes = (models: Models) => Object.values(models).map(({ memoryFootprint }) => memoryFootprint)

/** Bytes that hold any two of three models, but not all of them. */
function limitForTwo(models: Models): number {
  const [smallest = 0, ...others] = sizes(models).sort((a, b) => a - b)
  expect(smallest).toBeGreaterThan(0)
  return others.reduce((sum, size) => sum + size, 0)
}

describe.each(executors)('three models under a limit that holds two, %s', (_, executor) => {
  test('stay under it at every moment and draw the same picture to the bit', async () => {
    const { models, draw, pipe } = await loadAll(executor, true)
    const expected = await draw()
    const events: ManagerEvent[] = []
    const manager = new ComponentsManager({ onEvent: event => events.push(event) })
    for (const [name, model] of Object.entries(models)) manager.add(name, model)
    // A session holds the weights of its call alone: all three together may take less than two models.
    const resident = Object.values(models).reduce((sum, { residentBytes }) => sum + residentBytes, 0)
    const limit = Math.min(limitForTwo(models), resident - 1)
    manager.enableAutoCpuOffload({ limit })
    expect(Object.values(models).map(({ residentBytes }) => residentBytes)).toEqual([0, 0, 0])
    const peak = watchPeak(models)
    for (let i = 0; i < 2; i++) expect(await draw()).toBe(expected)
    expect(peak()).toBeLessThanOrEqual(limit)
    expect(peak()).toBeGreaterThan(Math.max(...sizes(models)))
    expect(events.some(event => event.type === 'offload' && event.offloaded.length > 0)).toBe(true)
    expect(events.filter(({ type }) => type === 'warning')).toEqual([])
    pipe.dispose()
  })

  test('draw the same pictures in runs at once, and where only one of them fits', async () => {
    const { models, draw, pipe } = await loadAll(executor, true)
    const expected = [await draw(1), await draw(2), await draw(3)]
    const manager = new ComponentsManager({ onEvent: () => undefined })
    for (const [name, model] of Object.entries(models)) manager.add(name, model)
    for (const limit of [limitForTwo(models), Math.max(...sizes(models))]) {
      manager.enableAutoCpuOffload({ limit })
      const peak = watchPeak(models)
      expect(await Promise.all([draw(1), draw(2), draw(3)])).toEqual(expected)
      expect(peak()).toBeLessThanOrEqual(limit)
      jest.restoreAllMocks()
    }
    pipe.dispose()
  })

  test('stay where they are if there is room for all', async () => {
    const { models, draw, pipe } = await loadAll(executor, true)
    const events: ManagerEvent[] = []
    const manager = new ComponentsManager({ onEvent: event => events.push(event) })
    for (const [name, model] of Object.entries(models)) manager.add(name, model)
    manager.enableAutoCpuOffload({ limit: '1GB' })
    const first = await draw()
    expect(await draw()).toBe(first)
    expect(events.flatMap(event => (event.type === 'offload' ? event.offloaded : []))).toEqual([])
    expect(Object.values(models).every(({ residentBytes }) => residentBytes > 0)).toBe(true)
    manager.disableAutoCpuOffload()
    expect(Object.values(models).map(({ residentBytes }) => residentBytes)).toEqual([0, 0, 0])
    expect(await draw()).toBe(first)
    pipe.dispose()
  })

  test('a run that is given up leaves calls of others as they are', async () => {
    const { models, draw, pipe } = await loadAll(executor, true)
    const expected = await draw(2)
    const manager = new ComponentsManager({ onEvent: () => undefined })
    for (const [name, model] of Object.entries(models)) manager.add(name, model)
    manager.enableAutoCpuOffload({ limit: limitForTwo(models) })
    const controller = new AbortController()
    const given = failureOf(draw(1, controller.signal))
    const other = draw(2)
    setTimeout(() => controller.abort(), 5)
    expect(await given).toBeInstanceOf(PipelineAbortError)
    expect(await other).toBe(expected)
    pipe.dispose()
  })
})

test('the runtime has disposed what leaves before it makes anything else', async () => {
  const { models, draw, pipe } = await loadAll(graphExecutor, true)
  const manager = new ComponentsManager({ onEvent: () => undefined })
  for (const [name, model] of Object.entries(models)) manager.add(name, model)
  manager.enableAutoCpuOffload({ limit: Math.max(...sizes(models)) })
  const alive = new Set<number>()
  const found: number[] = []
  const { create, release } = RuntimeProcess.prototype
  jest.spyOn(RuntimeProcess.prototype, 'create').mockImplementation(function (this: RuntimeProcess, ...request) {
    found.push(alive.size)
    alive.add(request[0])
    return create.apply(this, request)
  })
  jest.spyOn(RuntimeProcess.prototype, 'release').mockImplementation(function (this: RuntimeProcess, session) {
    alive.delete(session)
    return release.call(this, session)
  })
  await draw()
  // The text encoder, the UNet and the VAE, none of which fits beside another; one may have been made ready in vain.
  expect(found.length).toBeGreaterThanOrEqual(3)
  expect(Math.max(...found)).toBe(0)
  pipe.dispose()
})

describe('the weights of a model', () => {
  const load = (executor: Executor, lazy?: boolean) =>
    AutoencoderKL.fromPretrained(emojiFolder, { subfolder: 'vae', executor, ...(lazy !== undefined && { lazy }) })

  async function decode(model: AutoencoderKL): Promise<number[]> {
    const z = tf.linspace(-1, 1, 8 * 8 * model.config.latentChannels)
    const latents = z.reshape<tf.Tensor4D>([1, 8, 8, model.config.latentChannels])
    try {
      const image = await model.decode(latents)
      const values = [...image.dataSync()]
      image.dispose()
      return values
    } finally {
      tf.dispose([z, latents])
    }
  }

  test('are tensors of TensorFlow.js, which go when they are told to and come back with the next call', async () => {
    const before = tensorMemory()
    const model = await load(eagerExecutor)
    expect(tf.memory().numBytes - before.numBytes).toBe(model.residentBytes)
    expect(model).toMatchObject({ memoryFootprint: model.residentBytes, canOffload: true, device: 'wasm' })
    const expected = await decode(model)
    model.offload()
    expect(tensorMemory()).toEqual(before)
    expect(model.residentBytes).toBe(0)
    expect(await decode(model)).toEqual(expected)
    model.dispose()
    expect(model.canOffload).toBe(false)
  })

  test('are held by the sessions of a graph, for each form of calls', async () => {
    const model = await load(graphExecutor)
    expect(model).toMatchObject({ residentBytes: 0, device: 'onnxruntime-cpu', memory: { name: 'host' } })
    const expected = await decode(model)
    expect(model.residentBytes).toBeGreaterThan(0)
    // Decoding needs but a part of them.
    expect(model.residentBytes).toBeLessThan(model.memoryFootprint)
    model.offload()
    expect([model.residentBytes, graphExecutor.sessionCount]).toEqual([0, 0])
    expect(await decode(model)).toEqual(expected)
    model.dispose()
  })

  test('stay in their files until a call, where loading is lazy', async () => {
    const model = await load(eagerExecutor, true)
    expect(model.residentBytes).toBe(0)
    const lazy = await decode(model)
    model.dispose()
    const eager = await load(eagerExecutor)
    expect(await decode(eager)).toEqual(lazy)
    eager.dispose()
  })

  test('have the type that most of them have in the file', async () => {
    const model = await load(eagerExecutor, true)
    expect(['float16', 'float32']).toContain(model.dtype)
    expect(model.dtype).toBe(model.parameters()[0]?.source?.dtype === 'F16' ? 'float16' : 'float32')
    model.dispose()
  })

  test('cannot leave where some came from no file', () => {
    const layer = loadSomeWeights(new Linear(2, 2))
    const model = new FunctionModel(({ x }: { x: tf.Tensor2D }) => layer.forward(x), [layer])
    expect(model).toMatchObject({ canOffload: false, residentBytes: 24, dtype: 'float32' })
    model.offload()
    expect(model.residentBytes).toBe(24)
    const manager = new ComponentsManager()
    manager.add('hand_made', model)
    manager.enableAutoCpuOffload({ limit: 8 })
    expect(model.residentBytes).toBe(24)
    expect(String(manager)).toContain('has no file that it could come back from')
    manager.dispose()
    expect(model.residentBytes).toBe(0)
  })

  describe('in a file that changes', () => {
    const folder = useTemporaryFolder()

    test('are not taken from another version of it, and are when it is back', async () => {
      const copy = join(folder(), 'vae')
      await mkdir(copy)
      await cp(join(emojiFolder, 'vae'), copy, { recursive: true })
      // A time that can be set again: file systems have finer ones.
      const written = new Date(2026, 0, 1)
      for (const name of await readdir(copy)) await utimes(join(copy, name), written, written)
      const model = await AutoencoderKL.fromPretrained(copy, { executor: eagerExecutor })
      const manager = new ComponentsManager()
      manager.add('vae', model)
      manager.enableAutoCpuOffload({ limit: '1GB' })
      const expected = await decode(model)
      model.offload()
      const { file = '' } = model.parameters()[0]?.source ?? {}
      await utimes(file, new Date(), new Date(0))
      expect(await failureOf(decode(model))).toMatchObject({ name: 'WeightFileChangedError', file })
      await utimes(file, new Date(), written)
      expect(await decode(model)).toEqual(expected)
      model.offload()
      await rm(file)
      expect(await failureOf(decode(model))).toMatchObject({ name: 'WeightFileChangedError' })
      expect(model.residentBytes).toBe(0)
      manager.dispose()
    })
  })
})

test('a manager keeps a margin of the memory that the process may take', async () => {
  const model = await AutoencoderKL.fromPretrained(emojiFolder, { subfolder: 'vae', executor: graphExecutor })
  const container = ComponentContainer.create().register('vae', { useValue: model })
  expect(model.memory.available()).toBeGreaterThan(0)
  const manager = new ComponentsManager()
  manager.add('vae', model)
  manager.enableAutoCpuOffload()
  expect(manager.getModelInfo(manager.getIds('vae')[0] as string, 'hasHook')).toEqual({ hasHook: true })
  manager.disableAutoCpuOffload()
  container.dispose()
})
