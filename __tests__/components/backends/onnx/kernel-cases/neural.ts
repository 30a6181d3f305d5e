/** Convolutions, products of matrices, pooling, resizing, norms and attention. */
import * as tf from '@tensorflow/tfjs'
import { GroupNorm } from '../../../../../components/nn/group-norm'
import { LayerNorm } from '../../../../../components/nn/layer-norm'
import { scaledDotProductAttention } from '../../../../../components/nn/scaled-dot-product-attention'
import { loadSomeWeights } from '../../../executors/function-model'
import { floats, given, ints, type KernelCase, type KernelCases, line } from './kernel-case'

type Pad = Parameters<typeof tf.fused.conv2d>[0]['pad']
type Activation = NonNullable<Parameters<typeof tf.fused.conv2d>[0]['activation']>

const map = floats([2, 7, 6, 3])

/** Ways in which a window moves over a map. */
const windows: { name: string; strides?: [number, number]; pad?: Pad; dilations?: [number, number] }[] = [
  { name: 'without padding' },
  { name: 'with as many results as pixels', pad: 'same' },
  { name: 'with strides', strides: [2, 3] },
  { name: 'with strides and uneven padding', strides: [2, 2], pad: 'same' },
  { name: 'with dilations', dilations: [2, 2], pad: 'same' },
  {
    name: 'with padding on each side',
    pad: [
      [0, 0],
      [2, 0],
      [1, 3],
      [0, 0],
    ],
  },
  {
    name: 'with strides and padding on each side',
    strides: [2, 1],
    pad: [
      [0, 0],
      [0, 1],
      [2, 1],
      [0, 0],
    ],
  },
]

const activations: readonly Activation[] = ['relu', 'relu6', 'sigmoid', 'elu', 'leakyrelu']

/** A fused operation with each activation, and a slope for each channel. */
const withActivations = (
  make: (activation: Activation) => KernelCase['compute'],
  inputs: KernelCase['inputs'],
): KernelCase[] => activations.map(activation => line(`and ${activation}`, inputs, make(activation)))

const filter = floats([3, 2, 3, 4])
const square = floats([3, 3, 3, 4])
const depthwise = floats([3, 2, 3, 2])
const bias = given(0.5, -1, 2, 0.25)
const six = given(0.5, -1, 2, 0.25, 3, -2)
const slopes = given(0.1, 0.2, -0.3, 0.4)

/** Pictures and sizes for them. */
const sizes: readonly (readonly [number, number])[] = [
  [6, 8],
  [3, 9],
  [2, 2],
  [5, 1],
]

function resize(f: typeof tf.image.resizeBilinear | typeof tf.image.resizeNearestNeighbor): KernelCase[] {
  const modes = [
    ['from corner to corner', true, false],
    ['from the first pixel', false, false],
    ['from the centres of pixels', false, true],
  ] as const
  return modes.flatMap(([name, alignCorners, halfPixelCenters]) =>
    sizes.map(([height, width]) =>
      line(`${name} to ${height}x${width}`, [floats([2, 3, 4, 2])], x =>
        f(x, [height, width], alignCorners, halfPixelCenters),
      ),
    ),
  )
}

const flags = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const

/** How many matrices meet how many. */
const batches: readonly (readonly [number[], number[]])[] = [
  [[], []],
  [[2], [2]],
  [[1], [1]],
  [[2], [1]],
]

/** Both factors the right way up and turned. */
type Product = (a: tf.Tensor, b: tf.Tensor, transposeA: boolean, transposeB: boolean) => tf.Tensor

function products(f: Product, batches: readonly (readonly [number[], number[]])[]): KernelCase[] {
  return batches.flatMap(([left, right]) =>
    flags.map(([a, b]) => {
      const inputs = [floats([...left, ...(a ? [4, 5] : [5, 4])]), floats([...right, ...(b ? [3, 4] : [4, 3])])]
      return line(`of [${inputs[0]?.shape}]${a ? 'ᵀ' : ''} and [${inputs[1]?.shape}]${b ? 'ᵀ' : ''}`, inputs, (x, y) =>
        f(x, y, a, b),
      )
    }),
  )
}

const norm = (shape: number[], groups: number, from = -2, to = 2): KernelCase => ({
  name: `of [${shape}] in ${groups} groups from ${from} to ${to}`,
  inputs: [floats(shape, from, to)],
  layer: () => loadSomeWeights(new GroupNorm(groups, shape.at(-1) as number, 1e-5)),
  compute: x => x,
})

const attend = (name: string, tokens: number, keys: number, biasShape?: number[]): KernelCase =>
  line(
    name,
    [
      floats([2, tokens, 8]),
      floats([2, keys, 8], -1, 1),
      floats([2, keys, 8], 0, 3),
      ...(biasShape ? [floats(biasShape)] : []),
    ],
    (q, k, v, bias) => {
      const [query, key, value] = [q, k, v] as unknown as tf.Tensor3D[] as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D]
      return scaledDotProductAttention({ query, key, value, heads: 2, bias })
    },
  )

/** Tables by kernel. */
export const neuralCases: KernelCases = {
  Conv2D: [
    ...windows.map(({ name, strides = [1, 1], pad = 'valid', dilations = [1, 1] }) =>
      line(name, [map, filter], (x, w) => tf.conv2d(x, w, strides, pad, 'NHWC', dilations)),
    ),
    line('with padding by number', [map, square], (x, w) => tf.conv2d(x, w, 2, 1)),
    line('rounded up', [map, square], (x, w) => tf.conv2d(x, w, 2, 1, 'NHWC', 1, 'ceil')),
    line('rounded down', [map, square], (x, w) => tf.conv2d(x, w, 2, 1, 'NHWC', 1, 'floor')),
    line('of one picture', [floats([5, 6, 3]), filter], (x, w) => tf.conv2d(x, w, 1, 'same')),
    line('with a filter that is computed', [map, filter], (x, w) =>
      tf.conv2d(x, w.mul<tf.Tensor4D>(2).reverse(0), 1, 'same'),
    ),
    line('behind another', [map, floats([1, 1, 3, 3])], (x, w) => tf.conv2d(tf.conv2d(x, w, 1, 'same'), w, 1, 'same')),
  ],
  FusedConv2D: [
    ...windows.map(({ name, strides = [1, 1], pad = 'valid', dilations = [1, 1] }) =>
      line(name, [map, filter, bias], (x, filter, bias) =>
        tf.fused.conv2d({ x, filter, bias, strides, pad, dilations, activation: 'relu' }),
      ),
    ),
    ...withActivations(
      activation => (x, filter, bias) =>
        tf.fused.conv2d({ x, filter, bias, strides: 1, pad: 'same', activation, leakyreluAlpha: 0.3 }),
      [map, filter, bias],
    ),
    line('and a slope for each channel', [map, filter, bias, slopes], (x, filter, bias, preluActivationWeights) =>
      tf.fused.conv2d({ x, filter, bias, strides: 1, pad: 'same', activation: 'prelu', preluActivationWeights }),
    ),
    line('without a bias', [map, filter], (x, filter) =>
      tf.fused.conv2d({ x, filter, strides: 1, pad: 'same', activation: 'relu' }),
    ),
    line('with one bias for all channels', [map, filter, floats([1])], (x, filter, bias) =>
      tf.fused.conv2d({ x, filter, bias, strides: 1, pad: 'same' }),
    ),
    line('with a bias of rank 4', [map, filter, floats([1, 1, 1, 4])], (x, filter, bias) =>
      tf.fused.conv2d({ x, filter, bias, strides: 1, pad: 'same' }),
    ),
  ],
  DepthwiseConv2dNative: windows.map(({ name, strides = [1, 1], pad = 'valid', dilations = [1, 1] }) =>
    // TensorFlow.js takes one stride, and one side length, for all dimensions.
    line(name, [map, depthwise], (x, w) => tf.depthwiseConv2d(x, w, strides, pad as 'same', 'NHWC', dilations)),
  ),
  FusedDepthwiseConv2D: [
    ...windows.map(({ name, strides = [1, 1], pad = 'valid', dilations = [1, 1] }) =>
      line(name, [map, depthwise, six], (x, filter, bias) =>
        tf.fused.depthwiseConv2d({ x, filter, bias, strides, pad: pad as 'same', dilations, activation: 'relu' }),
      ),
    ),
    ...withActivations(
      activation => (x, filter, bias) =>
        tf.fused.depthwiseConv2d({ x, filter, bias, strides: 1, pad: 'same', activation, leakyreluAlpha: 0.3 }),
      [map, depthwise, six],
    ),
  ],
  Conv2DBackpropInput: [
    line('without padding', [floats([2, 3, 4, 3]), floats([3, 2, 4, 3])], (x, w) =>
      tf.conv2dTranspose(x, w, [2, 5, 5, 4], 1, 'valid'),
    ),
    line('with strides', [floats([2, 3, 4, 3]), floats([3, 2, 4, 3])], (x, w) =>
      tf.conv2dTranspose(x, w, [2, 6, 8, 4], 2, 'same'),
    ),
    line('with strides to an odd size', [floats([2, 3, 4, 3]), floats([3, 2, 4, 3])], (x, w) =>
      tf.conv2dTranspose(x, w, [2, 5, 7, 4], 2, 'same'),
    ),
    line('with strides and a remainder', [floats([1, 2, 2, 3]), floats([2, 2, 4, 3])], (x, w) =>
      tf.conv2dTranspose(x, w, [1, 5, 5, 4], 2, 'valid'),
    ),
    line('with padding by number', [floats([1, 3, 3, 3]), floats([3, 3, 4, 3])], (x, w) =>
      tf.conv2dTranspose(x, w, [1, 3, 3, 4], 1, 1),
    ),
    line('behind a convolution', [floats([2, 3, 4, 3]), floats([1, 1, 3, 3])], (x, w) =>
      tf.conv2dTranspose(tf.conv2d(x, w, 1, 'same'), w, [2, 6, 8, 3], 2, 'same'),
    ),
  ],
  MaxPool: [
    line('without padding', [map], x => tf.maxPool(x, 2, 2, 'valid')),
    line('with uneven padding', [map], x => tf.maxPool(x, [3, 2], [2, 1], 'same')),
    line('of numbers below zero', [floats([1, 5, 5, 2], -3, -1)], x => tf.maxPool(x, 3, 2, 'same')),
    line('with padding by number, rounded up', [map], x => tf.maxPool(x, 3, 2, 1, 'ceil')),
    line('with padding by number, rounded down', [map], x => tf.maxPool(x, 3, 2, 1, 'floor')),
  ],
  AvgPool: [
    line('without padding', [map], x => tf.avgPool(x, 2, 2, 'valid')),
    line('with uneven padding', [map], x => tf.avgPool(x, [3, 2], [2, 1], 'same')),
    line('with padding by number, rounded up', [map], x => tf.avgPool(x, 3, 2, 1, 'ceil')),
    line('with padding by number, rounded down', [map], x => tf.avgPool(x, 3, 2, 1, 'floor')),
  ],
  ResizeBilinear: resize(tf.image.resizeBilinear),
  ResizeNearestNeighbor: [
    ...resize(tf.image.resizeNearestNeighbor),
    line('of whole numbers', [ints([1, 2, 2, 1])], x => tf.image.resizeNearestNeighbor(x, [4, 4])),
  ],
  DepthToSpace: [
    line('in blocks of 2', [floats([2, 2, 3, 8])], x => tf.depthToSpace(x, 2)),
    line('in blocks of 3', [floats([1, 2, 1, 9])], x => tf.depthToSpace(x, 3)),
  ],
  FusedBatchNorm: [
    line('with all parts', [map, given(1, 2, 3), given(0.5, 1, 2), given(3, 2, 1), given(0, 1, 2)], (x, m, v, s, o) =>
      tf.batchNorm(x, m, v, o, s, 1e-3),
    ),
    line('without scale and offset', [map, given(1, 2, 3), given(0.5, 1, 2)], (x, m, v) => tf.batchNorm(x, m, v)),
    line('of rank 2', [floats([4, 3]), given(1, 2, 3), given(0.5, 1, 2)], (x, m, v) => tf.batchNorm(x, m, v)),
    line('with parts of rank 4', [map, floats([1, 1, 1, 3]), floats([1, 1, 1, 3], 1, 2)], (x, m, v) =>
      tf.batchNorm(x, m, v),
    ),
  ],
  BatchMatMul: [
    ...products(tf.matMul, [
      ...batches,
      [
        [2, 3],
        [2, 3],
      ],
      [
        [2, 3],
        [1, 3],
      ],
    ]),
    line('of whole numbers', [ints([2, 3]), ints([3, 2])], (a, b) => tf.matMul(a, b)),
  ],
  _FusedMatMul: [
    ...products(
      (a, b, transposeA, transposeB) =>
        tf.fused.matMul({ a, b, transposeA, transposeB, bias: tf.tensor1d([1, -2, 0.5]), activation: 'relu' }),
      batches,
    ),
    ...withActivations(
      activation => (a, b, bias) => tf.fused.matMul({ a, b, bias, activation, leakyreluAlpha: 0.3 }),
      [floats([5, 4]), floats([4, 3]), given(1, -2, 0.5)],
    ),
    line('and a slope for each column', [floats([5, 4]), floats([4, 3]), given(0.1, 0.2, -0.3)], (a, b, slopes) =>
      tf.fused.matMul({ a, b, activation: 'prelu', preluActivationWeights: slopes }),
    ),
    line('with a bias of rank 2', [floats([5, 4]), floats([4, 3]), floats([1, 3])], (a, b, bias) =>
      tf.fused.matMul({ a, b, bias }),
    ),
    line('with a bias of rank 3', [floats([2, 5, 4]), floats([1, 4, 3]), floats([1, 1, 3])], (a, b, bias) =>
      tf.fused.matMul({ a, b, bias }),
    ),
    line(
      'with a bias of rank 3 for one matrix',
      [floats([1, 5, 4]), floats([1, 4, 3]), floats([1, 1, 3])],
      (a, b, bias) => tf.fused.matMul({ a, b, bias }),
    ),
    line('of a map', [floats([1, 2, 3, 4]), floats([1, 1, 4, 4]), floats([4, 3]), floats([3])], (x, w, b, bias) =>
      tf.fused.matMul({ a: tf.conv2d(x, w, 1, 'same').reshape([6, 4]), b: b as tf.Tensor, bias }),
    ),
  ],
  GroupNormalization: [
    norm([2, 8], 4),
    norm([2, 5, 8], 2),
    norm([2, 3, 4, 8], 4),
    norm([1, 3, 4, 8], 1),
    norm([1, 3, 4, 8], 8),
    norm([2, 2, 3, 2, 6], 3),
    norm([1, 16, 16, 4], 2, 99, 101),
  ],
  LayerNormalization: [[2, 8], [2, 3, 8], [1, 2, 3, 8], [8]].map(shape => ({
    name: `of [${shape}]`,
    inputs: [floats(shape, 1, 5)],
    layer: () => loadSomeWeights(new LayerNorm(8)),
    compute: x => x,
  })),
  ScaledDotProductAttention: [
    attend('without a bias', 5, 5),
    attend('with more keys', 3, 7),
    attend('with fewer keys', 7, 1),
    attend('of one token', 1, 4),
    attend('with a bias for all', 3, 4, [1, 1, 3, 4]),
    attend('with a bias for each sample', 3, 4, [2, 1, 3, 4]),
    attend('with a bias for each head', 3, 4, [2, 2, 3, 4]),
    attend('with a bias for each key', 3, 4, [2, 1, 1, 4]),
    attend('with a bias for each token', 3, 4, [1, 2, 3, 1]),
    attend('with a bias of rank 2', 3, 4, [3, 4]),
    attend('with one bias', 3, 4, []),
  ],
}
