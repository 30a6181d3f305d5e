/** Layers whose weights alone are quantized, against the same layers with the numbers that the integers stand for. */
import * as tf from '@tensorflow/tfjs'
import { INT4_BLOCK } from '../../../components/checkpoints/row-scales'
import { RuntimeProcess } from '../../../components/executors/graph/runtime-process'
import { inlineLimit } from '../../../components/executors/graph/spilled-weights'
import { Conv2d } from '../../../components/nn/conv2d'
import { Linear } from '../../../components/nn/linear'
import type { Module } from '../../../components/nn/module'
import { UnquantizableWeightError } from '../../../components/quantization/quantization-errors'
import type { Quantization } from '../../../components/quantization/quantization-names'
import { quantizeLoop } from '../../../components/quantization/quantized-parameter'
import { runAtOnce } from '../../../src/runtime/time-slice'
import { failureOf } from '../../blocks/use-emoji-model'
import { FunctionModel, loadSomeWeights } from '../executors/function-model'
import { useGraphExecutor } from '../executors/use-graph-executor'
import { expectNear } from './some-numbers'

const executor = useGraphExecutor()
const CHANNELS = 64

type WeightOnly = Exclude<Quantization, 'int8'>

/** Whole numbers, of which each 64 reach to 127: products with weights of 4 bits round them to what they are. */
function someNumbers<R extends tf.Rank>(shape: tf.ShapeMap[R]): tf.Tensor<R> {
  const size = tf.util.sizeFromShape([...shape])
  const values = Float32Array.from({ length: size }, (_, i) =>
    i % CHANNELS === 0 ? 127 : Math.round(99 * Math.sin(i)),
  )
  return tf.tensor(values, shape)
}

/** The numbers that are left of a weight, written down as the documentation has it. */
function decoded(values: Float32Array, shape: readonly number[], quantization: WeightOnly): Float32Array {
  const form = quantization === 'int8wo' ? 'I8_ROWS' : 'I4_ROWS'
  const quantized = runAtOnce(quantizeLoop(values, form, shape))
  if (quantized === undefined) throw new Error('The weight is finite.')
  const { values: integers, scales } = quantized
  const [out = 1, into = 1, height = 1, width = 1] = shape
  const row = into * height * width
  return Float32Array.from(values, (_, i) => {
    const [o, c, y, x] = [
      Math.floor(i / row),
      Math.floor(i / (height * width)) % into,
      Math.floor(i / width) % height,
      i % width,
    ]
    if (form === 'I8_ROWS') return (integers[i] as number) * (scales[o] as number)
    const place = ((o * height + y) * width + x) * into + c
    const nibble = ((integers[place >> 1] as number) >> (4 * (place % 2))) & 15
    return (nibble - 8) * (scales[Math.floor(place / INT4_BLOCK)] as number)
  }).subarray(0, out * row)
}

function expectTensorsNear(computed: tf.Tensor, expected: tf.Tensor, tolerance: number): void {
  expect(computed.shape).toEqual(expected.shape)
  expectNear([computed.dataSync<'float32'>(), expected.dataSync<'float32'>()], tolerance)
}

/** Computes a model with quantized weights, and the same in float32 with the numbers that are left of them. */
async function compare<T extends tf.Tensor>(
  quantization: WeightOnly,
  layers: readonly (Conv2d | Linear)[],
  x: T,
  forward: (x: T) => tf.Tensor,
  { forms = layers.map(() => quantization), tolerance = 1e-5 }: { forms?: WeightOnly[]; tolerance?: number } = {},
): Promise<void> {
  const model = new FunctionModel(forward, layers as readonly Module[]).useExecutor(executor()).quantize(quantization)
  const computed = await model.call(x)
  for (const [i, { weight }] of layers.entries())
    weight.load(decoded(weight.read(), weight.shape, forms[i] as WeightOnly))
  const expected = tf.tidy(() => forward(x))
  expectTensorsNear(computed, expected, tolerance)
  tf.dispose([computed, expected, x])
  model.dispose()
  for (const layer of layers) layer.dispose()
}

describe.each(['int8wo', 'int4'] as const)('%s', quantization => {
  test.each([
    ['with padding', { padding: 1 }],
    ['that halves', { stride: 2, padding: [0, 1] as const }],
    ['without a bias', { padding: 1, bias: false }],
  ])('a convolution %s', async (_what, options) => {
    const layer = loadSomeWeights(new Conv2d(CHANNELS, CHANNELS + 8, options))
    await compare(quantization, [layer], someNumbers<tf.Rank.R4>([2, 6, 5, CHANNELS]), x => layer.forward(x))
  })

  test('a convolution of an enlarged map', async () => {
    const layer = loadSomeWeights(new Conv2d(CHANNELS, CHANNELS, { padding: 1 }))
    const forward = (x: tf.Tensor4D) => layer.forward(tf.image.resizeNearestNeighbor(x, [8, 12]))
    await compare(quantization, [layer], someNumbers<tf.Rank.R4>([2, 4, 4, CHANNELS]), forward)
  })

  test('a linear layer, and one whose result is cut in parts', async () => {
    const layers = [new Linear(CHANNELS, CHANNELS), new Linear(CHANNELS, 2 * CHANNELS)].map(loadSomeWeights)
    const [first, second] = layers as [Linear, Linear]
    const forward = (x: tf.Tensor3D) => {
      const [value, gate] = tf.split(second.forward(first.forward(x)), 2, -1) as [tf.Tensor, tf.Tensor]
      return value.sub(gate)
    }
    const x = someNumbers<tf.Rank.R3>([2, 7, CHANNELS])
    // What the second one gets is rounded.
    await compare(quantization, layers as Linear[], x, forward, { tolerance: 2e-2 })
  })

  test('a layer of one vector for each sample has 8 bits', async () => {
    const layer = loadSomeWeights(new Linear(CHANNELS, CHANNELS))
    await compare(quantization, [layer], someNumbers<tf.Rank.R2>([3, CHANNELS]), x => layer.forward(x), {
      forms: ['int8wo'],
    })
  })

  test('a convolution of one position has 8 bits', async () => {
    const layer = loadSomeWeights(new Conv2d(CHANNELS, CHANNELS + 8, { kernelSize: 1 }))
    const x = someNumbers<tf.Rank.R4>([2, 6, 5, CHANNELS])
    await compare(quantization, [layer], x, x => layer.forward(x), { forms: ['int8wo'] })
  })

  test('narrow layers stay floats', async () => {
    const layer = loadSomeWeights(new Conv2d(4, CHANNELS, { padding: 1 }))
    const model = new FunctionModel((x: tf.Tensor4D) => layer.forward(x), [layer]).useExecutor(executor())
    const { memoryFootprint } = model
    expect(model.quantize(quantization).memoryFootprint).toBe(memoryFootprint)
    model.dispose()
    layer.dispose()
  })

  test('a large weight is decoded where the windows would be larger', async () => {
    // 3 × 3 windows of this map take more than 128 MiB.
    const layer = loadSomeWeights(new Conv2d(CHANNELS, CHANNELS, { padding: 1 }))
    const model = new FunctionModel((x: tf.Tensor4D) => tf.mean(layer.forward(x), [1, 2]), [layer])
    const x = tf.ones<tf.Rank.R4>([1, 256, 256, CHANNELS])
    model.useExecutor(executor()).quantize(quantization)
    const computed = await model.call(x)
    layer.weight.load(decoded(layer.weight.read(), layer.weight.shape, quantization))
    const plain = await model.quantize(undefined).call(x)
    expectTensorsNear(computed, plain, 1e-4)
    tf.dispose([x, computed, plain])
    model.dispose()
    layer.dispose()
  }, 20_000)

  test('a layer keeps the full effect of what is added beside it', async () => {
    const [layer, down, up] = [
      new Linear(CHANNELS, CHANNELS),
      new Linear(CHANNELS, 4, { bias: false }),
      new Linear(4, CHANNELS, { bias: false }),
    ].map(loadSomeWeights) as [Linear, Linear, Linear]
    const model = new FunctionModel(({ x }: { x: tf.Tensor3D }) => layer.forward(x), [layer])
    model.useExecutor(executor()).quantize(quantization)
    const hook = {
      name: 'a small product',
      module: 'layers.0',
      weights: up,
      forward: ({ run, args }: { run: (...args: unknown[]) => unknown; args: readonly unknown[] }) =>
        tf.add(run(...args) as tf.Tensor, up.forward(down.forward(args[0] as tf.Tensor3D))),
    }
    const x = someNumbers<tf.Rank.R3>([2, 7, CHANNELS])
    const [plain, changed] = [await model.call({ x }), await model.call({ x }, { hooks: [hook] })]
    const delta = tf.tidy(() => up.forward(down.forward(x)))
    const difference = changed.sub(plain)
    expectTensorsNear(difference, delta, 1e-5)
    tf.dispose([x, plain, changed, delta, difference])
    model.dispose()
    for (const module of [layer, down, up]) module.dispose()
  })

  test('weights count as what they take, and come from a file if they are many', async () => {
    const layer = loadSomeWeights(new Linear(CHANNELS, 2 * CHANNELS))
    const model = new FunctionModel((x: tf.Tensor3D) => layer.forward(x), [layer])
    model.useExecutor(executor()).quantize(quantization)
    const [size, out] = [2 * CHANNELS * CHANNELS, 2 * CHANNELS]
    const expected = quantization === 'int4' ? size / 2 + (4 * size) / INT4_BLOCK : size + 4 * out
    expect(model.memoryFootprint).toBe(expected + 4 * out)
    const x = someNumbers<tf.Rank.R3>([1, 3, CHANNELS])
    const create = jest.spyOn(RuntimeProcess.prototype, 'create')
    const inline = await model.call(x)
    expect(executor().heldBytes(model)).toBe(expected + 4 * out)
    executor().release(model)
    jest.replaceProperty(inlineLimit, 'quantizedBytes', 0)
    const spilled = await model.call(x)
    expect([...spilled.dataSync()]).toEqual([...inline.dataSync()])
    const [whole = 0, rest = 0] = create.mock.calls.map(([, graph]) => graph.byteLength)
    expect(rest).toBeLessThan(whole - size / 3)
    tf.dispose([x, inline, spilled])
    model.dispose()
    layer.dispose()
  })

  test('a weight that is not finite is named', async () => {
    const layer = loadSomeWeights(new Linear(CHANNELS, CHANNELS))
    const model = new FunctionModel((x: tf.Tensor3D) => layer.forward(x), [layer])
    model.useExecutor(executor()).quantize(quantization)
    layer.weight.load(new Float32Array(CHANNELS * CHANNELS).fill(1).with(70, Number.POSITIVE_INFINITY))
    const x = someNumbers<tf.Rank.R3>([1, 3, CHANNELS])
    const error = await failureOf(model.call(x))
    expect(error).toBeInstanceOf(UnquantizableWeightError)
    expect(error).toMatchObject({ weight: 'layers.0.weight' })
    x.dispose()
    model.dispose()
    layer.dispose()
  })
})
