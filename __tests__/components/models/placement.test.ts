/** Models whose weights are cast, and that move from one thing that computes to another. */
import { cp, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { eagerExecutor } from '../../../components/executors/eager-executor'
import { GraphExecutor } from '../../../components/executors/graph/graph-executor'
import {
  AutoencoderKL,
  CLIPTextModel,
  ComponentsManager,
  type Executor,
  type FromPretrainedOptions,
  type Image,
  type PretrainedModel,
  StableDiffusionTextToImageBlocks,
  selectBackend,
} from '../../../index'
import { emojiFolder, failureOf } from '../../blocks/use-emoji-model'
import { expectWarnings } from '../../expected-warnings'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { runScript } from '../executors/run-script'
import { goldenModel, onSoftwareGpu, testOnSoftwareGpu } from '../executors/software-gpu'
import { useLeakCheck } from '../tensors/use-leak-check'

// Nothing computes in half precision.
expectWarnings('COMPUTES_IN_FLOAT32')

beforeAll(() => selectBackend({ backend: 'wasm', threads: 1 }))
useLeakCheck()
const folder = useTemporaryFolder()

const graphExecutor = new GraphExecutor({ threads: 1 })
const executors: [name: string, executor: Executor][] = [
  ['eager', eagerExecutor],
  ['graph', graphExecutor],
]

/** A small VAE, of float32 in its file. */
const load = (options: FromPretrainedOptions = {}, path = goldenModel('vae_sd')) =>
  AutoencoderKL.fromPretrained(path, { executor: eagerExecutor, ...options })

/** What it decodes, and all numbers of its weights. */
async function decode(model: AutoencoderKL): Promise<Float32Array> {
  const z = tf.tidy(() => tf.sin(tf.range(0, 6 * 5 * 4)).reshape<tf.Tensor4D>([1, 6, 5, 4]))
  const image = await model.decode(z)
  const values = await image.data<'float32'>()
  tf.dispose([z, image])
  return values
}

const difference = (a: Float32Array, b: Float32Array) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0)

describe.each(executors)('weights that are cast, computed by %s', (_, executor) => {
  test.each(['float16', 'bfloat16'] as const)('to %s are those of a file of that type', async dtype => {
    const exact = await load({ executor })
    const cast = await load({ executor, dtype })
    expect([exact.dtype, cast.dtype]).toEqual(['float32', dtype])
    await cast.savePretrained(folder())
    const stored = await load({ executor }, folder())
    expect(stored.dtype).toBe(dtype)
    const result = await decode(cast)
    expect(result).toEqual(await decode(stored))
    expect(result).not.toEqual(await decode(exact))

    // The same as casting what is there already, in memory or in a session.
    await exact.to(dtype)
    expect(await decode(exact)).toEqual(result)
    // What was rounded stays so.
    await exact.to('float32')
    expect(exact.dtype).toBe('float32')
    expect(await decode(exact)).toEqual(result)
    for (const model of [exact, cast, stored]) model.dispose()
  })

  test('are saved as what they are, over their own folder too, and continue from there', async () => {
    await cp(goldenModel('vae_sd'), folder(), { recursive: true })
    const model = await load({ executor }, folder())
    await model.to('float16')
    const before = await decode(model)
    await model.savePretrained(folder())
    expect(new Set(model.parameters().map(({ origin }) => origin?.dtype))).toEqual(new Set(['F16']))
    expect(model.parameters().every(({ cast }) => cast.keepsBytes)).toBe(true)
    model.offload()
    expect(await decode(model)).toEqual(before)
    model.dispose()
  })

  test('stay cast when they leave memory and come back', async () => {
    const model = await load({ executor, dtype: 'bfloat16' })
    const before = await decode(model)
    model.offload()
    expect(model.residentBytes).toBe(0)
    expect(await decode(model)).toEqual(before)
    model.dispose()
  })
})

describe('a model that moves', () => {
  test('computes the same elsewhere and back again, and leaves its weights in their files', async () => {
    const model = await load()
    const here = await decode(model)
    await model.to('onnxruntime-cpu')
    expect(model).toMatchObject({ device: 'onnxruntime-cpu', residentBytes: 0 })
    expect(difference(await decode(model), here)).toBeLessThan(1e-4)
    await model.to('wasm', 'float32')
    expect(model).toMatchObject({ device: 'wasm', executor: eagerExecutor })
    expect(await decode(model)).toEqual(here)
    model.dispose()
  })

  test('stays where it is on a device that it computes on already', async () => {
    for (const executor of [eagerExecutor, graphExecutor]) {
      const model = await load({ executor })
      expect((await model.to('cpu')).executor).toBe(executor)
      expect((await model.to({ device: executor.backend })).executor).toBe(executor)
      model.dispose()
    }
  })

  test('takes weights along that are in no file', async () => {
    const model = await load()
    for (const parameter of model.parameters()) parameter.load(parameter.read())
    const here = await decode(model)
    await model.to('onnxruntime-cpu', 'float16')
    const there = await decode(model)
    expect(there).not.toEqual(here)
    await model.to('wasm')
    expect(difference(await decode(model), there)).toBeLessThan(1e-4)
    model.dispose()
  })

  test('is refused a device that has no such name, and a dtype without weights', async () => {
    const model = await load()
    const before = await decode(model)
    const error = await failureOf(model.to('webgpuu', 'float16'))
    expect(error).toMatchObject({ code: 'UNKNOWN_VALUE' })
    expect((error as Error).message).toContain('Did you mean "webgpu"?')
    expect(await decode(model)).toEqual(before)
    model.dispose()
    expect(await failureOf(model.to('float16'))).toMatchObject({ code: 'WEIGHTS_NOT_LOADED' })
  })

  test('stays where it is if its files have changed', async () => {
    await cp(goldenModel('vae_sd'), folder(), { recursive: true })
    const model = await load({}, folder())
    const before = await decode(model)
    await utimes(join(folder(), 'diffusion_pytorch_model.safetensors'), new Date(0), new Date(0))
    expect(await failureOf(model.to('onnxruntime-cpu'))).toMatchObject({ code: 'WEIGHT_FILE_CHANGED' })
    expect(await decode(model)).toEqual(before)
    model.dispose()
  })

  const testOnLinux = process.platform === 'linux' ? test : test.skip
  testOnLinux(
    'is told why it cannot move to a device that is not there, and goes on',
    async () => {
      const { code, message, device } = await runScript<Record<string, string>>(
        `const vae = await tesserae.AutoencoderKL.fromPretrained(${JSON.stringify(goldenModel('vae_sd'))}, { executor: 'graph' })
       const error = await vae.to('webgpu').catch(error => error)
       return { code: error.code, message: error.message, device: vae.device }`,
        { VK_ICD_FILENAMES: '/nowhere', VK_DRIVER_FILES: '/nowhere' },
      )
      expect([code, device]).toEqual(['DEVICE_UNAVAILABLE', 'onnxruntime-cpu'])
      expect(message).toMatch(/^Models cannot be moved to "webgpu": .*\. They were not moved\./)
    },
    60_000,
  )

  testOnSoftwareGpu(
    'computes the same on a GPU',
    async () => {
      const { device, difference } = await onSoftwareGpu<{ device: string; difference: number }>(
        `const vae = await tesserae.AutoencoderKL.fromPretrained(${JSON.stringify(goldenModel('vae_sd'))}, { executor: 'graph' })
       const z = tf.sin(tf.range(0, 6 * 5 * 4)).reshape([1, 6, 5, 4])
       const here = await (await vae.decode(z)).data()
       await vae.to('webgpu')
       const there = await (await vae.decode(z)).data()
       return { device: vae.device, difference: there.reduce((most, value, i) => Math.max(most, Math.abs(value - here[i])), 0) }`,
      )
      expect(device).toBe('onnxruntime-webgpu')
      expect(difference).toBeLessThan(2e-4)
    },
    240_000,
  )
})

describe('a pipeline that moves', () => {
  const draw = async (dtype?: 'bfloat16') => {
    const pipe = new StableDiffusionTextToImageBlocks().initPipeline(emojiFolder)
    await pipe.loadComponents({ executor: eagerExecutor, ...(dtype && { dtype }) })
    const images = () => pipe({ prompt: 'red apple', numInferenceSteps: 2 }, { output: 'images', seed: 1 })
    return { pipe, images }
  }

  test('casts all its models, as loading them so does, and saves them so', async () => {
    const [moved, loaded] = [await draw(), await draw('bfloat16')]
    const exact = await moved.images()
    expect(await moved.pipe.to('bfloat16')).toBe(moved.pipe)
    const models = ['unet', 'vae', 'textEncoder'].map(name => moved.pipe.components[name] as PretrainedModel)
    expect(models.map(({ dtype }) => dtype)).toEqual(['bfloat16', 'bfloat16', 'bfloat16'])
    const images = (await moved.images()) as Image[]
    expect(images).toEqual(await loaded.images())
    expect(images).not.toEqual(exact)
    await moved.pipe.savePretrained(folder())
    const text = await CLIPTextModel.fromPretrained(join(folder(), 'text_encoder'), { executor: eagerExecutor })
    expect(text.dtype).toBe('bfloat16')
    text.dispose()
    for (const { pipe } of [moved, loaded]) pipe.dispose()
  })

  test('keeps to the limit of its manager, there and back, cast and not', async () => {
    const manager = new ComponentsManager()
    const pipe = new StableDiffusionTextToImageBlocks().initPipeline(emojiFolder, { componentsManager: manager })
    await pipe.loadComponents({ executor: eagerExecutor })
    const models = ['unet', 'vae', 'textEncoder'].map(name => pipe.components[name] as PretrainedModel)
    const sizes = models.map(({ memoryFootprint }) => memoryFootprint)
    const limit = sizes.reduce((sum, size) => sum + size, 0) - 1
    manager.enableAutoCpuOffload({ limit })
    const images = () => pipe({ prompt: 'red apple', numInferenceSteps: 2 }, { output: 'images', seed: 1 })
    const residentBytes = () => models.reduce((sum, model) => sum + model.residentBytes, 0)
    const expected = await images()
    expect(residentBytes()).toBeLessThanOrEqual(limit)
    for (const device of ['onnxruntime-cpu', 'wasm']) {
      await pipe.to(device)
      await images()
      expect(residentBytes()).toBeLessThanOrEqual(limit)
    }
    expect(await images()).toEqual(expected)
    await pipe.to('bfloat16')
    expect(await images()).not.toEqual(expected)
    expect(residentBytes()).toBeLessThanOrEqual(limit)
    pipe.dispose()
    manager.dispose()
  })

  test('draws the same elsewhere', async () => {
    const { pipe, images } = await draw()
    const [here] = (await images()) as [Image]
    await pipe.to('onnxruntime-cpu')
    expect(pipe.device).toBe('onnxruntime-cpu')
    const [there] = (await images()) as [Image]
    const most = there.data.reduce((most, value, i) => Math.max(most, Math.abs(value - (here.data[i] as number))), 0)
    expect(most).toBeLessThanOrEqual(1)
    pipe.dispose()
  })
})

test('an exported model computes with cast weights', async () => {
  const file = join(folder(), 'vae.onnx')
  const { cast, exact } = await runScript<Record<'cast' | 'exact', number>>(
    `const { InferenceSession, Tensor } = require('onnxruntime-node')
     const models = {}
     for (const dtype of ['float16', 'float32']) {
       models[dtype] = await tesserae.AutoencoderKL.fromPretrained(${JSON.stringify(goldenModel('vae_sd'))}, { executor: 'eager', dtype })
     }
     const z = tf.zeros([1, 6, 5, 4])
     const forward = model => z => model.decoder.forward(z)
     await tesserae.exportOnnx({ model: models.float16, forward: forward(models.float16), inputs: z }, ${JSON.stringify(file)})
     const session = await InferenceSession.create(${JSON.stringify(file)})
     const feeds = { [session.inputNames[0]]: new Tensor('float32', new Float32Array(120), [1, 4, 6, 5]) }
     const { data } = Object.values(await session.run(feeds))[0]
     const difference = model => {
       const expected = tf.transpose(forward(model)(z), [0, 3, 1, 2]).dataSync()
       return data.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0)
     }
     return { cast: difference(models.float16), exact: difference(models.float32) }`,
  )
  expect(cast).toBeLessThan(2e-5)
  expect(exact).toBeGreaterThan(1e-4)
}, 60_000)
