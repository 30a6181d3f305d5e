/** Models that are quantized when they are loaded. */
import { join } from 'node:path'
import { eagerExecutor } from '../../../components/executors/eager-executor'
import { UNet2DConditionModel } from '../../../components/models/unet-2d-condition/unet-2d-condition-model'
import { measureProductSpeeds } from '../../../components/quantization/product-speeds'
import { QuantizationUnavailableError } from '../../../components/quantization/quantization-errors'
import { choose, quantizationThatPays } from '../../../components/quantization/quantization-that-pays'
import { bundledModel, StableDiffusionTextToImageBlocks } from '../../../index'
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

test('auto takes what pays', async () => {
  expect(choose(undefined, 1, 2)).toBeUndefined()
  expect(choose({ float32: 100, int8: 300 }, 1, 2)).toBe('int8')
  expect(choose({ float32: 100, int8: 110 }, 1, 2)).toBeUndefined()
  expect(choose({ float32: 100, int8: 110 }, 3, 2)).toBe('int8')
  expect(choose({ float32: 100, int8: 90 }, 3, 2)).toBeUndefined()
  const speeds = await measureProductSpeeds(executor())
  expect(speeds).toEqual({ float32: expect.any(Number), int8: expect.any(Number) })
  const run = jest.spyOn(executor(), 'run')
  const first = await quantizationThatPays(executor(), 1)
  const { length } = run.mock.calls
  expect(length).toBeGreaterThan(0)
  // An executor is measured once.
  expect(await quantizationThatPays(executor(), 1)).toBe(first)
  expect(run).toHaveBeenCalledTimes(length)
})
