/** What the writer does with several kernels at once, and with what they share, changes no number. */
import * as tf from '@tensorflow/tfjs'
import { Conv2d } from '../../../../components/nn/conv2d'
import { GroupNorm } from '../../../../components/nn/group-norm'
import { Linear } from '../../../../components/nn/linear'
import type { Module } from '../../../../components/nn/module'
import { Parameter } from '../../../../components/nn/parameter'
import { scaledDotProductAttention } from '../../../../components/nn/scaled-dot-product-attention'
import { expectSameAsEager, FunctionModel, loadSomeWeights } from '../../executors/function-model'
import { useGraphExecutor } from '../../executors/use-graph-executor'

const executor = useGraphExecutor()

type Result = tf.Tensor | { [name: string]: Result } | Result[]

/** Computes on both ways, with layers whose weights are loaded for it. */
async function expectSame<I>(inputs: I, compute: (inputs: I) => Result, layers: readonly Module[] = []): Promise<void> {
  for (const layer of layers) loadSomeWeights(layer)
  const model = new FunctionModel((given: I) => tf.tidy(() => compute(given) as tf.Tensor), layers)
  try {
    await expectSameAsEager(executor(), model, inputs)
  } finally {
    tf.dispose(inputs as tf.TensorContainer)
    model.dispose()
  }
}

const map = (height = 3, width = 4, channels = 3, batch = 2): tf.Tensor4D =>
  tf.tidy(() => tf.sin(tf.range(0, batch * height * width * channels)).reshape([batch, height, width, channels]))

describe('a constant', () => {
  test.each([
    ['1', [3]],
    ['2', [4, 3]],
    ['3', [3, 4, 3]],
    ['4', [1, 3, 4, 3]],
  ])('of rank %s serves maps and lists alike', async (_, shape) => {
    const conv = new Conv2d(3, 3, { padding: 1 })
    const compute = ({ x, y }: { x: tf.Tensor4D; y: tf.Tensor }) => {
      const constant = tf.sin(tf.range(0, tf.util.sizeFromShape(shape))).reshape(shape)
      const values = tf.tensor(
        Float32Array.from({ length: constant.size }, (_, i) => i / 8),
        shape,
      )
      return { map: conv.forward(x).add(values).add(constant), list: y.mul(values), other: values.mul(2) }
    }
    await expectSame({ x: map(), y: tf.ones(shape) }, compute, [conv])
  })

  test('may be a result, as may a weight and an input', async () => {
    const linear = new Linear(2, 2)
    const compute = (x: tf.Tensor) => ({ ones: tf.ones([2]), weight: linear.weight.tensor.mul(1), x: x.clone() })
    await expectSame(tf.tensor1d([1, 2]), compute, [linear])
  })

  test('may be all that there is', async () => {
    await expectSame({}, () => tf.range(0, 3).mul(2))
  })
})

describe('the names', () => {
  test('of inputs and results may be the same', async () => {
    const compute = ({ sample, state }: { sample: tf.Tensor; state: tf.Tensor }) => ({
      sample: sample.mul(2),
      state: sample.add(state),
    })
    await expectSame({ sample: tf.tensor1d([1, 2]), state: tf.tensor1d([3, 4]) }, compute)
  })

  test('of inputs and results may be numbers of a list', async () => {
    const compute = ([a, b]: [tf.Tensor, tf.Tensor]) => [b.mul(2), a.add(1)]
    await expectSame([tf.tensor1d([1, 2]), tf.tensor1d([3, 4])], compute)
  })

  test.each(['output', 'model', 'constant_0'])('of an input may be %s', async name => {
    const compute = (inputs: Record<string, tf.Tensor>) => (inputs[name] as tf.Tensor).add(tf.tensor1d([5, 6]))
    await expectSame({ [name]: tf.tensor1d([1, 2]) }, compute)
  })

  test('of an input may be that of a weight', async () => {
    class Scale extends FunctionModel<{ weight: tf.Tensor }, tf.Tensor> {
      readonly weight = new Parameter([2])

      constructor() {
        super(({ weight }) => tf.mul(weight, this.weight.tensor))
      }
    }
    const model = loadSomeWeights(new Scale())
    const inputs = { weight: tf.tensor1d([10, 20]) }
    await expectSameAsEager(executor(), model, inputs)
    inputs.weight.dispose()
    model.dispose()
  })
})

describe('a linear layer whose result is cut', () => {
  test.each([
    ['in halves', [2, 3, 4], (y: tf.Tensor) => tf.split(y, 2, -1)],
    ['in uneven parts', [3, 4], (y: tf.Tensor) => tf.split(y, [1, 2, 3], 1)],
    ['along the tokens', [2, 4, 4], (y: tf.Tensor) => tf.split(y, 2, 1)],
    ['in two ways', [2, 4], (y: tf.Tensor) => [...tf.split(y, 2, -1), ...tf.split(y, [2, 4], -1), y]],
    ['in the same way twice', [2, 4], (y: tf.Tensor) => [...tf.split(y, 2, -1), ...tf.split(y, 2, -1)]],
    ['without a batch', [4], (y: tf.Tensor) => tf.split(y, 3)],
  ])('gives the same parts %s', async (_, shape, cut) => {
    const [linear, plain] = [new Linear(4, 6), new Linear(4, 6, { bias: false })]
    const x = tf.tidy(() => tf.sin(tf.range(0, tf.util.sizeFromShape(shape))).reshape(shape))
    await expectSame(x, x => ({ a: cut(linear.forward(x)), b: cut(plain.forward(x)) }), [linear, plain])
  })

  test.each([{ shape: [6] }, { shape: [1, 6] }, { shape: [1] }])('may have a bias of $shape', async ({ shape }) => {
    class Biased extends FunctionModel<tf.Tensor2D, tf.Tensor[]> {
      readonly weight = new Parameter<tf.Tensor2D>([6, 4], [1, 0])
      readonly bias = new Parameter(shape)

      constructor() {
        super(a => tf.tidy(() => tf.split(tf.fused.matMul({ a, b: this.weight.tensor, bias: this.bias.tensor }), 2, 1)))
      }
    }
    const model = loadSomeWeights(new Biased())
    const x = tf.ones<tf.Rank.R2>([3, 4])
    await expectSameAsEager(executor(), model, x).finally(() => tf.dispose(x))
    model.dispose()
  })
})

describe('a list of one part', () => {
  test('comes out of split() and unstack()', async () => {
    await expectSame(tf.ones([1, 3]), x => [tf.split(x, 1), tf.unstack(x)])
  })
})

describe('maps', () => {
  test('pass through a block of a UNet', async () => {
    const layers = [
      new GroupNorm(2, 4, 1e-5),
      new Conv2d(4, 4, { padding: 1 }),
      new Linear(3, 4),
      new Conv2d(8, 4),
    ] as const
    const [norm, conv, time, last] = layers
    const compute = ({ x, temb }: { x: tf.Tensor4D; temb: tf.Tensor2D }) => {
      const h = conv.forward(norm.forward(x).relu()).add<tf.Tensor4D>(time.forward(temb).reshape([-1, 1, 1, 4]))
      return last.forward(tf.concat([h, x], -1))
    }
    await expectSame({ x: map(5, 4, 4), temb: tf.ones<tf.Rank.R2>([2, 3]) }, compute, layers)
  })

  test('become tokens and maps again', async () => {
    const [before, after, query] = [
      new Conv2d(3, 4, { padding: 1 }),
      new Conv2d(4, 3, { padding: 1 }),
      new Linear(4, 4),
    ]
    const compute = (x: tf.Tensor4D) => {
      const tokens = before.forward(x).reshape<tf.Tensor3D>([2, 12, 4])
      const attended = scaledDotProductAttention({ query: query.forward(tokens), key: tokens, value: tokens, heads: 2 })
      return after.forward(attended.reshape<tf.Tensor4D>([2, 3, 4, 4]).add(before.forward(x)))
    }
    await expectSame(map(), compute, [before, after, query])
  })

  test.each([
    ['doubled', [24, 22], 1],
    ['doubled in one direction', [24, 11], 1],
    ['trebled', [36, 33], 1],
    ['doubled, with a stride', [24, 22], 2],
  ] as const)('are the same behind a convolution when they are %s before', async (_, size, stride) => {
    const [before, after] = [new Conv2d(3, 2, { padding: 1 }), new Conv2d(2, 3, { padding: 1, stride })]
    const compute = (x: tf.Tensor4D) => {
      const large = tf.image.resizeNearestNeighbor(before.forward(x), [...size])
      return { convolved: after.forward(large), large }
    }
    await expectSame(map(12, 11), compute, [before, after])
  })

  test.each(['relu', 'linear'] as const)(
    'are the same when a convolution of a doubled one ends with %s',
    async activation => {
      const filter = tf.tidy(() => tf.sin(tf.range(0, 54)).reshape<tf.Tensor4D>([3, 3, 3, 2]))
      const compute = ({ x, filter }: { x: tf.Tensor4D; filter: tf.Tensor4D }) => {
        const large = tf.image.resizeNearestNeighbor(x, [24, 22])
        return tf.fused.conv2d({ x: large, filter, strides: 1, pad: 'same', activation })
      }
      await expectSame({ x: map(12, 11), filter }, compute)
    },
  )
})

describe('attention that is written as products and a softmax', () => {
  beforeEach(() => {
    executor().trustsAttention = false
  })
  afterEach(() => {
    executor().trustsAttention = true
  })

  test.each([[undefined], [[1, 1, 3, 5]], [[2, 1, 1, 5]], [[3, 5]]])(
    'gives the same with a bias of %j',
    async shape => {
      const tokens = (count: number) => map(count, 8, 1, 2).reshape<tf.Tensor3D>([2, count, 8])
      const inputs = tf.tidy(() => ({
        query: tokens(3),
        key: tokens(5),
        value: tokens(5).square<tf.Tensor3D>(),
        ...(shape && { bias: tf.range(0, tf.util.sizeFromShape(shape)).reshape(shape) }),
      }))
      await expectSame(inputs, given => scaledDotProductAttention({ ...given, heads: 2 }))
    },
  )
})
