/** Models that are quantized when they are loaded. */
import { join } from 'node:path'
import { eagerExecutor } from '../../../components/executors/eager-executor'
import { UNet2DConditionModel } from '../../../components/models/unet-2d-condition/unet-2d-condition-model'
import { measureAllProductSpeeds } from '../../../components/quantization/product-speeds'
import { QuantizationUnavailableError } from '../../../components/quantization/quantization-errors'
import { choose, quantizationThatPays } from '../../../components/quantization/quantization-that-pays'
import { bundledModel, ComponentsManager, StableDiffusionTextToImageBlocks } from '../../../index'
import { ComponentLoadError } from '../../../src/errors'
import { UnknownValueError } from '../../../src/errors/unknown-value-error'
import { failureOf } from '../../blocks/use-emoji-model'
import { useGraphExecutor } from '../executors/use-graph-executor'

const executor = useGraphExecutor()
const UNET = join(bundledModel('emoji'), 'unet')

test('loadComponents quantizes the models that it is told to', async () => {
  const pipe = new StableDiffusionTextToImageBlocks().initPipeline(bundledModel('emoji'))
  await pipe.loadComponents({ executor: executor(), quantization: { unet: 'int8' } })
  expect(pipe.components.unet.quantization).toEqual({ method: 'int8' })
  expect(pipe.components.vae.quantization).toBeUndefined()
  const { memoryFootprint } = pipe.components.unet
  expect(memoryFootprint / pipe.components.unet.quantize(undefined).memoryFootprint).toBeLessThan(0.3)
  const error = await failureOf(pipe.loadComponents({ names: 'unet', executor: executor(), quantization: 'int3' }))
  expect(error).toBeInstanceOf(ComponentLoadError)
  expect(String(error)).toMatch(/component "unet" \(UNet2DConditionModel\) cannot be quantized to "int3"/)
  pipe.dispose()
})

test('a class refuses what is not known, and what its executor does not compute', async () => {
  const load = (quantization: string, by: object) =>
    failureOf(UNet2DConditionModel.fromPretrained(UNET, { quantization, executor: by, lazy: true }))
  expect(await load('int3', executor())).toBeInstanceOf(UnknownValueError)
  expect(await load('int8', eagerExecutor)).toBeInstanceOf(QuantizationUnavailableError)
})

test('auto leaves a model as it is where nothing computes in 8 bits', async () => {
  const model = await UNet2DConditionModel.fromPretrained(UNET, {
    quantization: 'auto',
    executor: eagerExecutor,
    lazy: true,
  })
  expect(model.quantization).toBeUndefined()
  model.dispose()
})

test('auto takes what pays, and what fits', async () => {
  const sizes = { int8: 3, int8wo: 3, int4: 2 }
  const within = (limit: number) => ({ bytesAs: (kind?: keyof typeof sizes) => (kind ? sizes[kind] : 10), limit })
  const [fast, equal, slow] = [160, 150, 90].map(int8 => ({ float32: 100, int8 }))
  expect(choose(undefined, within(2))).toBeUndefined()
  expect([fast, equal, slow].map(speeds => choose(speeds, within(10)))).toEqual(['int8', undefined, undefined])
  expect([fast, equal, slow].map(speeds => choose(speeds, within(9)))).toEqual(['int8', 'int8', 'int8wo'])
  expect([fast, equal, slow].map(speeds => choose(speeds, within(2)))).toEqual(['int4', 'int4', 'int4'])
  // Where nothing fits, the smallest one is tried.
  expect(choose(fast, within(1))).toBe('int4')
  expect(choose(slow, { bytesAs: () => 1e15 })).toBeUndefined()
  const speeds = await measureAllProductSpeeds(executor())
  expect(speeds).toEqual({ float32: expect.any(Number), int8: expect.any(Number), int4: expect.any(Number) })
  const run = jest.spyOn(executor(), 'run')
  const first = await quantizationThatPays(executor(), { bytesAs: () => 1 })
  const { length } = run.mock.calls
  expect(length).toBeGreaterThan(0)
  // An executor is measured once.
  expect(await quantizationThatPays(executor(), { bytesAs: () => 1 })).toBe(first)
  expect(run).toHaveBeenCalledTimes(length)
})

test('auto takes 4 bits for a model that a components manager has no room for otherwise', async () => {
  const manager = new ComponentsManager()
  manager.enableAutoCpuOffload({ limit: '1MB' })
  const blocks = new StableDiffusionTextToImageBlocks()
  const pipe = blocks.initPipeline(bundledModel('emoji'), { componentsManager: manager })
  await pipe.loadComponents({ names: 'unet', executor: executor(), quantization: { unet: 'auto' } })
  expect(pipe.components.unet.quantization).toEqual({ method: 'int4' })
  pipe.dispose()
  manager.dispose()
})

test('a map that names a component without weights is refused before anything is loaded', async () => {
  const pipe = new StableDiffusionTextToImageBlocks().initPipeline(bundledModel('emoji'))
  const load = (options: object) => failureOf(pipe.loadComponents({ executor: executor(), ...options }))
  const quantization = await load({ quantization: { scheduler: 'int8' } })
  expect(quantization).toMatchObject({ code: 'UNSUPPORTED_QUANTIZATION', component: 'scheduler' })
  expect(await load({ dtype: { tokenizer: 'float16' } })).toMatchObject({ code: 'UNSUPPORTED_DTYPE' })
  expect(pipe.missingComponentNames).toContain('unet')
  // For all components, it is meant for the models among them.
  await pipe.loadComponents({ names: ['unet', 'scheduler'], executor: executor(), quantization: 'int8wo' })
  expect(pipe.components.unet.quantization).toEqual({ method: 'int8wo' })
  pipe.dispose()
})
