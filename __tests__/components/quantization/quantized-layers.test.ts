/** Layers that compute in 8 bits, against the same computation written down in floats. */
import * as tf from '@tensorflow/tfjs'
import { Conv2d } from '../../../components/nn/conv2d'
import { GroupNorm } from '../../../components/nn/group-norm'
import { Linear } from '../../../components/nn/linear'
import type { Module } from '../../../components/nn/module'
import { type QuantizedRows, quantizeRowsLoop } from '../../../components/quantization/quantize-rows'
import { runAtOnce } from '../../../src/runtime/time-slice'
import { expectWarnings } from '../../expected-warnings'
import { catchWarnings } from '../../src/fixtures/emitted-warnings'
import { FunctionModel, loadSomeWeights } from '../executors/function-model'
import { useGraphExecutor } from '../executors/use-graph-executor'
import { expectNear, someNumbers } from './some-numbers'

expectWarnings('NOTHING_QUANTIZED')

const executor = useGraphExecutor()
const CHANNELS = 32

/** What is left of numbers that are rounded to 8 bits by their own range, which always reaches to zero. */
function rounded<T extends tf.Tensor>(x: T): T {
  return tf.tidy(() => {
    const values = x.dataSync()
    const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)]
    const scale = (high - low) / 255
    const zero = Math.round(-low / scale)
    return x.div(scale).round().add(zero).clipByValue(0, 255).sub(zero).mul(scale)
  })
}

/** Replaces the weights of a layer by what is left of them in 8 bits. */
function roundWeight<M extends Conv2d | Linear>(layer: M): M {
  const { weight } = layer
  const [rows = 1] = weight.shape
  const { values, scales } = runAtOnce(quantizeRowsLoop(weight.read(), rows)) as QuantizedRows
  weight.load(Float32Array.from(values, (value, i) => value * (scales[Math.floor(i / (weight.size / rows))] as number)))
  return layer
}

type Map = tf.Tensor4D

/** What four 2×2 convolutions make of a map, each with sums of the layer's integers that are rounded to 8 bits for each output channel. */
function convolveDoubled({ weight, bias }: Conv2d, x: Map): tf.Tensor {
  const [out = 1, into = 1] = weight.shape
  const { values, scales } = runAtOnce(quantizeRowsLoop(weight.read(), out)) as QuantizedRows
  const integers = tf.tensor(Float32Array.from(values), [out, into, 3, 3])
  // The rows, and the columns, of the kernel that meet one position of the small map.
  const taps = [
    [[0], [1, 2]],
    [[0, 1], [2]],
  ] as const
  const rows = taps.map((ofRows, below) => {
    const columns = taps.map((ofColumns, right) => {
      const sums = ofRows.map(rows =>
        tf.stack(
          ofColumns.map(columns =>
            integers
              .gather([...rows], 2)
              .gather([...columns], 3)
              .sum([2, 3]),
          ),
          2,
        ),
      )
      const kernel = tf.stack(sums, 2)
      const step = kernel.abs().max([1, 2, 3], true).div(127)
      const kept = kernel
        .div(step)
        .round()
        .mul(step)
        .mul(tf.tensor(scales, [out, 1, 1, 1]))
      const padded = x.pad([
        [0, 0],
        [1 - below, below],
        [1 - right, right],
        [0, 0],
      ])
      return tf.conv2d(padded as Map, kept.transpose([2, 3, 1, 0]) as Map, 1, 'valid')
    })
    return tf.stack(columns, 3)
  })
  const [batch = 1, height = 1, width = 1] = x.shape
  const doubled = tf.stack(rows, 2).reshape([batch, 2 * height, 2 * width, out])
  return bias ? doubled.add(bias.tensor) : doubled
}

/** Runs a model in 8 bits, and gives the numbers of its result with those of the computation in floats. */
async function bothWays<T extends tf.Tensor>(
  layers: readonly Module[],
  x: T,
  forward: (x: T) => tf.Tensor,
  explicit: (x: T) => tf.Tensor,
): Promise<[Float32Array, Float32Array]> {
  const model = new FunctionModel(forward, layers).useExecutor(executor()).quantize('int8')
  const computed = await model.call(x)
  for (const layer of layers) if (layer instanceof Conv2d || layer instanceof Linear) roundWeight(layer)
  const expected = tf.tidy(() => explicit(x))
  const numbers = [computed.dataSync<'float32'>(), expected.dataSync<'float32'>()] as [Float32Array, Float32Array]
  expect(computed.shape).toEqual(expected.shape)
  tf.dispose([computed, expected, x])
  model.dispose()
  for (const layer of layers) layer.dispose()
  return numbers
}

describe('a convolution', () => {
  test.each([
    ['with padding', { padding: 1 }],
    ['without', { padding: 0 }],
    ['that halves', { stride: 2, padding: 1 }],
    ['that halves, with padding behind', { stride: 2, padding: [0, 1] as const }],
    ['of one position', { kernelSize: 1 }],
    ['of every second position', { kernelSize: 1, stride: 2 }],
    ['without a bias', { padding: 1, bias: false }],
  ])('%s', async (_what, options) => {
    const layer = loadSomeWeights(new Conv2d(CHANNELS, CHANNELS + 8, options))
    const x = someNumbers<tf.Rank.R4>([2, 6, 5, CHANNELS])
    expectNear(
      await bothWays(
        [layer],
        x,
        x => layer.forward(x),
        x => layer.forward(rounded(x)),
      ),
    )
  })

  test('of an enlarged map reads the small one', async () => {
    const layer = loadSomeWeights(new Conv2d(CHANNELS, CHANNELS, { padding: 1 }))
    const enlarge = (x: Map) => tf.image.resizeNearestNeighbor(x, [8, 12])
    const x = someNumbers<tf.Rank.R4>([2, 4, 4, CHANNELS])
    expectNear(
      await bothWays(
        [layer],
        x,
        x => layer.forward(enlarge(x)),
        x => layer.forward(enlarge(rounded(x))),
      ),
    )
  })

  test('of a doubled map is four of the small one, with sums of weights that are rounded again', async () => {
    const layer = loadSomeWeights(new Conv2d(CHANNELS, CHANNELS + 8, { padding: 1 }))
    const x = someNumbers<tf.Rank.R4>([2, 16, 9, CHANNELS])
    expectNear(
      await bothWays(
        [layer],
        x,
        x => layer.forward(tf.image.resizeNearestNeighbor(x, [32, 18])),
        x => convolveDoubled(layer, rounded(x)),
      ),
    )
  })

  test('of one position of joined maps takes these in two terms', async () => {
    const layer = loadSomeWeights(new Conv2d(2 * CHANNELS, CHANNELS, { kernelSize: 1 }))
    const joined = (x: Map) => tf.concat<Map>([x, x.mul<Map>(x)], -1)
    const x = someNumbers<tf.Rank.R4>([2, 6, 5, CHANNELS])
    const both = await bothWays(
      [layer],
      x,
      x => layer.forward(joined(x)),
      x => layer.forward(joined(x)),
    )
    // 8 bits alone would be off by a hundredth.
    expectNear(both, 2e-4)
  })

  test('that is narrow stays in float32', async () => {
    const [first, last] = [new Conv2d(4, CHANNELS), new Conv2d(CHANNELS, 4)].map(loadSomeWeights) as [Conv2d, Conv2d]
    const forward = (x: Map) => last.forward(first.forward(x))
    const model = new FunctionModel(forward, [first, last]).useExecutor(executor()).quantize('int8')
    const x = someNumbers<tf.Rank.R4>([1, 6, 6, 4])
    const warnings = catchWarnings()
    const [computed, expected] = [await model.call(x), tf.tidy(() => forward(x))]
    expect(warnings()).toEqual([expect.stringMatching(/^NOTHING_QUANTIZED: FunctionModel: quantization "int8"/)])
    expectNear([computed.dataSync<'float32'>(), expected.dataSync<'float32'>()])
    tf.dispose([x, computed, expected])
    model.dispose()
    for (const layer of [first, last]) layer.dispose()
  })
})

describe('a linear layer', () => {
  test('of tokens', async () => {
    const layer = loadSomeWeights(new Linear(CHANNELS, CHANNELS + 8))
    const x = someNumbers<tf.Rank.R3>([2, 7, CHANNELS])
    expectNear(
      await bothWays(
        [layer],
        x,
        x => layer.forward(x),
        x => layer.forward(rounded(x)),
      ),
    )
  })

  test('whose result is cut in parts', async () => {
    const layer = loadSomeWeights(new Linear(CHANNELS, 2 * CHANNELS))
    const gate = (y: tf.Tensor) => {
      const [value, gate] = tf.split(y, 2, -1) as [tf.Tensor, tf.Tensor]
      return value.mul(tf.sigmoid(gate))
    }
    const x = someNumbers<tf.Rank.R3>([2, 7, CHANNELS])
    expectNear(
      await bothWays(
        [layer],
        x,
        x => gate(layer.forward(x)),
        x => gate(layer.forward(rounded(x))),
      ),
    )
  })

  test('of a product takes it in two terms', async () => {
    const layer = loadSomeWeights(new Linear(CHANNELS, CHANNELS))
    const x = someNumbers<tf.Rank.R3>([2, 7, CHANNELS])
    const both = await bothWays(
      [layer],
      x,
      x => layer.forward(x.mul(x)),
      x => layer.forward(x.mul(x)),
    )
    // 8 bits alone would be off by a hundredth.
    expectNear(both, 2e-4)
  })

  test('of one vector for each sample stays in float32', async () => {
    const layer = loadSomeWeights(new Linear(CHANNELS, CHANNELS))
    const model = new FunctionModel((x: tf.Tensor2D) => layer.forward(x), [layer])
    model.useExecutor(executor()).quantize('int8')
    const x = someNumbers<tf.Rank.R2>([20, CHANNELS])
    const [computed, expected] = [await model.call(x), layer.forward(x)]
    expectNear([computed.dataSync<'float32'>(), expected.dataSync<'float32'>()])
    tf.dispose([x, computed, expected])
    model.dispose()
    layer.dispose()
  })

  test('keeps the full effect of what is added beside it', async () => {
    const [layer, down, up] = [
      new Linear(CHANNELS, CHANNELS),
      new Linear(CHANNELS, 4, { bias: false }),
      new Linear(4, CHANNELS, { bias: false }),
    ].map(loadSomeWeights) as [Linear, Linear, Linear]
    const model = new FunctionModel(({ x }: { x: tf.Tensor3D }) => layer.forward(x), [layer])
    model.useExecutor(executor()).quantize('int8')
    const hook = {
      name: 'a small product',
      module: 'layers.0',
      weights: up,
      forward: ({ run, args }: { run: (...args: unknown[]) => unknown; args: readonly unknown[] }) =>
        tf.add(run(...args) as tf.Tensor, up.forward(down.forward(args[0] as tf.Tensor3D))),
    }
    const x = someNumbers<tf.Rank.R3>([2, 7, CHANNELS])
    const plain = await model.call({ x })
    const changed = await model.call({ x }, { hooks: [hook] })
    const delta = tf.tidy(() => up.forward(down.forward(x)))
    const difference = changed.sub(plain)
    expectNear([difference.dataSync<'float32'>(), delta.dataSync<'float32'>()], 1e-5)
    tf.dispose([x, plain, changed, delta, difference])
    model.dispose()
    for (const module of [layer, down, up]) module.dispose()
  })
})

test('maps stay close through convolutions, norms, sums and joined channels', async () => {
  const layers = [
    new Conv2d(4, CHANNELS, { padding: 1 }),
    new GroupNorm(4, CHANNELS, 1e-5),
    new Conv2d(CHANNELS, CHANNELS, { padding: 1 }),
    new Conv2d(2 * CHANNELS, CHANNELS, { kernelSize: 1 }),
    new GroupNorm(8, CHANNELS, 1e-5),
  ].map(loadSomeWeights) as [Conv2d, GroupNorm, Conv2d, Conv2d, GroupNorm]
  const [first, norm, conv, shortcut, last] = layers
  const forward = (x: Map) => {
    const start = first.forward(x)
    const branch = conv.forward(tf.relu(norm.forward(start)))
    return last.forward(shortcut.forward(tf.concat([start, branch.add(start)], -1)))
  }
  const x = someNumbers<tf.Rank.R4>([2, 6, 6, 4])
  const model = new FunctionModel(forward, layers).useExecutor(executor()).quantize('int8')
  const [computed, expected] = [await model.call(x), tf.tidy(() => forward(x))]
  expectNear([computed.dataSync<'float32'>(), expected.dataSync<'float32'>()], 0.03)
  tf.dispose([x, computed, expected])
  model.dispose()
  for (const layer of layers) layer.dispose()
})
