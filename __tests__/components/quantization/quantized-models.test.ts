/** Models that compute in 8 bits: their memory, their files and what they refuse. */
import * as tf from '@tensorflow/tfjs'
import { eagerExecutor } from '../../../components/executors/eager-executor'
import { RuntimeProcess } from '../../../components/executors/graph/runtime-process'
import { EXACT_PRODUCTS, forgetProducts } from '../../../components/executors/graph/saturating-products'
import { sessionHost } from '../../../components/executors/graph/session-host'
import { inlineLimit, SpilledWeights } from '../../../components/executors/graph/spilled-weights'
import { Linear } from '../../../components/nn/linear'
import {
  QuantizationUnavailableError,
  UnquantizableWeightError,
} from '../../../components/quantization/quantization-errors'
import { yieldToEventLoop } from '../../../src/runtime/time-slice'
import { failureOf } from '../../blocks/use-emoji-model'
import { FunctionModel, loadSomeWeights } from '../executors/function-model'
import { useGraphExecutor } from '../executors/use-graph-executor'
import { expectNear, someNumbers } from './some-numbers'

const executor = useGraphExecutor()
const CHANNELS = 32

describe('a quantized model', () => {
  const makeModel = () => {
    const layer = loadSomeWeights(new Linear(CHANNELS, 2 * CHANNELS))
    const model = new FunctionModel((x: tf.Tensor3D) => layer.forward(x), [layer])
    return { layer, model }
  }

  test('counts a byte for each weight and four for each scale', async () => {
    const { layer, model } = makeModel()
    model.useExecutor(executor())
    const [weights, bias] = [2 * CHANNELS * CHANNELS, 4 * 2 * CHANNELS]
    expect(model.memoryFootprint).toBe(4 * weights + bias)
    model.quantize('int8')
    const expected = weights + 4 * 2 * CHANNELS + bias
    expect(model.memoryFootprint).toBe(expected)
    expect(model.quantization).toEqual({ method: 'int8' })
    const x = someNumbers<tf.Rank.R3>([1, 3, CHANNELS])
    tf.dispose(await model.call(x))
    expect(executor().heldBytes(model)).toBe(expected)
    expect(model.memoryFootprint).toBe(expected)
    model.quantize(undefined)
    expect(executor().heldBytes(model)).toBe(0)
    expect(model.memoryFootprint).toBe(4 * weights + bias)
    x.dispose()
    model.dispose()
    layer.dispose()
  })

  test('reads many weights from a file that is there while its session is made', async () => {
    const { layer, model } = makeModel()
    model.useExecutor(executor()).quantize('int8')
    const x = someNumbers<tf.Rank.R3>([1, 3, CHANNELS])
    const create = jest.spyOn(RuntimeProcess.prototype, 'create')
    const inline = await model.call(x)
    executor().release(model)
    jest.replaceProperty(inlineLimit, 'quantizedBytes', 0)
    const spilled = await model.call(x)
    expect([...spilled.dataSync()]).toEqual([...inline.dataSync()])
    const [whole = 0, rest = 0] = create.mock.calls.map(([, graph]) => graph.byteLength)
    expect(rest).toBeLessThan(whole - CHANNELS * CHANNELS)
    tf.dispose([x, inline, spilled])
    model.dispose()
    layer.dispose()
  })

  test('reads one file for calls that come while its session is made', async () => {
    const { layer, model } = makeModel()
    model.useExecutor(executor()).quantize('int8')
    const x = someNumbers<tf.Rank.R3>([1, 3, CHANNELS])
    tf.dispose(await model.call(x))
    executor().release(model)
    jest.replaceProperty(inlineLimit, 'quantizedBytes', 0)
    const write = jest.spyOn(SpilledWeights.prototype, 'write')
    const use = jest.spyOn(sessionHost, 'use')
    const { create } = RuntimeProcess.prototype
    let second: Promise<tf.Tensor> | undefined
    jest.spyOn(RuntimeProcess.prototype, 'create').mockImplementationOnce(async function (
      this: RuntimeProcess,
      ...made
    ) {
      const uses = use.mock.calls.length
      second = model.call(x)
      let isOver = false
      second.catch(() => {
        isOver = true
      })
      while (use.mock.calls.length === uses && !isOver) await yieldToEventLoop()
      return create.apply(this, made)
    })
    const first = await model.call(x)
    const other = (await second) as tf.Tensor
    expect([...other.dataSync()]).toEqual([...first.dataSync()])
    expect(write).toHaveBeenCalledTimes(1)
    tf.dispose([x, first, other])
    model.dispose()
    layer.dispose()
  })

  test('is exact where two products are more than 16 bits hold', async () => {
    const { layer, model } = makeModel()
    model.useExecutor(executor()).quantize('int8')
    layer.weight.load(new Float32Array(2 * CHANNELS * CHANNELS).fill(1))
    layer.bias?.load(new Float32Array(2 * CHANNELS))
    const x = tf.ones<tf.Rank.R3>([1, 3, CHANNELS])
    const computed = await model.call(x)
    expectNear([computed.dataSync<'float32'>(), new Float32Array(3 * 2 * CHANNELS).fill(CHANNELS)])
    tf.dispose([x, computed])
    model.dispose()
    layer.dispose()
  })

  test('is computed by slower kernels where the fast ones saturate', async () => {
    const { layer, model } = makeModel()
    model.useExecutor(executor()).quantize('int8')
    const x = someNumbers<tf.Rank.R3>([1, 3, CHANNELS])
    const create = jest.spyOn(RuntimeProcess.prototype, 'create')
    const fast = await model.call(x)
    executor().release(model)
    forgetProducts()
    // What a processor without VNNI returns for the product that is tried.
    const run = jest.spyOn(RuntimeProcess.prototype, 'run')
    run.mockResolvedValueOnce([{ dtype: 'float32', shape: [1, 16], data: new Float32Array(16).fill(4112) }])
    const slow = await model.call(x)
    forgetProducts()
    expectNear([slow.dataSync<'float32'>(), fast.dataSync<'float32'>()])
    const options = create.mock.calls.map(([, , { extra }]) => (extra as { session?: object } | undefined)?.session)
    expect(options.at(-1)).toMatchObject(EXACT_PRODUCTS)
    tf.dispose([x, fast, slow])
    model.dispose()
    layer.dispose()
  })

  test('names a weight that is not finite', async () => {
    const { layer, model } = makeModel()
    model.useExecutor(executor()).quantize('int8')
    layer.weight.load(new Float32Array(2 * CHANNELS * CHANNELS).fill(1).with(70, Number.NaN))
    const x = someNumbers<tf.Rank.R3>([1, 3, CHANNELS])
    const error = await failureOf(model.call(x))
    expect(error).toBeInstanceOf(UnquantizableWeightError)
    expect(error).toMatchObject({ weight: 'layers.0.weight' })
    x.dispose()
    model.dispose()
    layer.dispose()
  })

  test('is refused by what does not compute in 8 bits', () => {
    const { layer, model } = makeModel()
    expect(() => model.quantize('int8')).toThrow(QuantizationUnavailableError)
    model.useExecutor(executor()).quantize('int8')
    expect(() => model.useExecutor(eagerExecutor)).toThrow(QuantizationUnavailableError)
    expect(model.executor).toBe(executor())
    expect(() => model.quantize(undefined).useExecutor(eagerExecutor)).not.toThrow()
    model.dispose()
    layer.dispose()
  })
})
