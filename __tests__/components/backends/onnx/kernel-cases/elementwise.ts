/** Functions of each element. On maps they stand between convolutions, where ONNX has another order of dimensions. */
import * as tf from '@tensorflow/tfjs'
import { gelu, quickGelu, silu } from '../../../../../components/nn/activations'
import { bools, type Compute, floats, given, ints, type KernelCase, type KernelCases, line } from './kernel-case'

const odd = given(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1.5, -1.5, 2.5, 3.5)
const filter = floats([1, 1, 3, 3])

const asMap = (x: tf.Tensor4D, w: tf.Tensor4D, from: number, to: number) =>
  tf.conv2d(x, w, 1, 'valid').clipByValue(from, to) as tf.Tensor4D

/** On floats of rank 2, and on a map between two convolutions. */
function unary(f: (x: tf.Tensor4D) => tf.Tensor, from = -2, to = 2): KernelCase[] {
  return [
    line('of floats', [floats([3, 5], from, to)], f),
    line('of one number', [floats([], from, to)], f),
    line('of a map', [floats([2, 3, 4, 3]), filter], (x, w) =>
      tf.conv2d(f(asMap(x, w, from, to)) as tf.Tensor4D, w, 1, 'valid'),
    ),
  ]
}

const ofWhole = (f: Compute, from?: number, to?: number) => line('of whole numbers', [ints([5], from, to)], f)

type Binary = (a: tf.Tensor4D, b: tf.Tensor4D) => tf.Tensor

/** With each kind of shapes that meet, and maps on either side. */
function binary(f: Binary, from = -2, to = 2): KernelCase[] {
  const map = [floats([2, 3, 4, 3]), filter]
  const float = (shape: number[]) => floats(shape, from, to)
  return [
    line('of equal shapes', [float([2, 3]), float([2, 3])], f),
    line('of shapes that broadcast', [float([2, 1]), float([1, 3])], f),
    line('of a map and channels', [...map, float([3])], (x, w, b) => f(asMap(x, w, from, to), b)),
    line('of pixels and a map', [...map, float([3, 4, 3])], (x, w, b) => f(b, asMap(x, w, from, to))),
    line('of two maps', map, (x, w) => f(asMap(x, w, from, to), asMap(x.reverse(1), w, from, to))),
    line('of whole numbers', [ints([2, 3], 1, 6), ints([3], 1, 4)], f),
  ]
}

/** The shapes that a map can meet. */
const besideMaps: readonly number[][] = [
  [],
  [1],
  [3],
  [4, 3],
  [4, 1],
  [3, 4, 3],
  [3, 1, 1],
  [2, 1, 1, 3],
  [1, 3, 1, 1],
  [2, 3, 4, 3],
  [1, 1, 1, 1],
]

/** With every shape that broadcasts. */
const broadcasting = (f: Binary): KernelCase[] => [
  ...binary(f),
  line('of a list and one number', [floats([2, 3]), floats([])], f),
  line('of one number and a list', [floats([]), floats([2, 3])], f),
  line('of two ranks', [floats([3]), floats([2, 3])], f),
  line('of ranks 4 and 2', [floats([2, 3, 1, 2]), floats([5, 1])], f),
  ...besideMaps.flatMap(shape => {
    const inputs = [floats([2, 3, 4, 3]), filter, floats(shape)]
    return [
      line(`of a map and [${shape}]`, inputs, (x, w, b) => f(asMap(x, w, -2, 2), b)),
      line(`of [${shape}] and a map`, inputs, (x, w, b) => f(b, asMap(x, w, -2, 2))),
    ]
  }),
  line('of a map and a map that broadcasts', [floats([2, 3, 4, 3]), floats([2, 1, 4, 3]), filter], (x, y, w) =>
    f(asMap(x, w, -2, 2), asMap(y, w, -2, 2)),
  ),
]

const comparison = (f: Binary): KernelCase[] => [
  ...binary(f),
  line('of equal numbers', [given(1, 2, 3), given(1, 3, 2)], f),
  line('of whole numbers and floats', [ints([4], 0, 3), floats([4])], f),
  line('of yes and no', [bools([4]), bools([1])], f),
  line('of odd numbers', [odd, given(0)], f),
]

const logical = (f: Binary): KernelCase[] => [
  line('of equal shapes', [bools([2, 5]), bools([2, 5])], f),
  line('of shapes that broadcast', [bools([2, 5]), bools([2, 1])], f),
  line('of maps', [floats([1, 2, 2, 3]), filter], (x, w) => {
    const map = tf.conv2d(x, w, 1, 'valid')
    return f(map.greater(0), map.less(1))
  }),
]

const select: Compute = (c, a, b) => tf.where(c, a, b)

/** Tables by kernel. */
export const elementwiseCases: KernelCases = {
  Abs: [...unary(tf.abs), ofWhole(tf.abs)],
  Acos: unary(tf.acos, -1, 1),
  Acosh: unary(tf.acosh, 1, 5),
  Asin: unary(tf.asin, -1, 1),
  Asinh: unary(tf.asinh),
  Atan: unary(tf.atan),
  Atanh: unary(tf.atanh, -0.9, 0.9),
  Ceil: unary(tf.ceil),
  ClipByValue: [
    ...unary(x => x.clipByValue(-0.5, 0.75)),
    ofWhole(x => x.clipByValue(-2, 3)),
    line('of infinities', [given(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0)], x => x.clipByValue(-1, 1)),
  ],
  Cos: unary(tf.cos),
  Cosh: unary(tf.cosh),
  Elu: unary(tf.elu),
  Erf: unary(tf.erf),
  Exp: [...unary(tf.exp), ofWhole(tf.exp)],
  Expm1: unary(tf.expm1),
  Floor: unary(tf.floor),
  Identity: [...unary(tf.clone), ofWhole(tf.clone), line('of bools', [bools([5])], tf.clone)],
  LeakyRelu: [...unary(tf.leakyRelu), line('of another slope', [floats([5])], x => tf.leakyRelu(x, 1))],
  Log: unary(tf.log, 0.1, 3),
  Log1p: unary(tf.log1p, -0.5, 3),
  Neg: [...unary(tf.neg), ofWhole(tf.neg)],
  Reciprocal: unary(tf.reciprocal, 0.2, 3),
  Relu: [...unary(tf.relu), ofWhole(tf.relu)],
  Relu6: [...unary(tf.relu6, -3, 9), ofWhole(tf.relu6, -5, 12)],
  Round: [...unary(tf.round), line('of halves', [given(-2.5, -1.5, -0.5, 0.5, 1.5, 2.5)], tf.round)],
  Rsqrt: unary(tf.rsqrt, 0.2, 3),
  Selu: unary(tf.selu),
  Sigmoid: unary(tf.sigmoid, -9, 9),
  Sign: [...unary(tf.sign), line('of zeros and infinities', [given(0, Number.POSITIVE_INFINITY, -3)], tf.sign)],
  Sin: unary(tf.sin),
  Sinh: unary(tf.sinh),
  Softplus: [...unary(tf.softplus), line('of large numbers', [given(-90, -30, 30, 90)], tf.softplus)],
  Sqrt: unary(tf.sqrt, 0, 4),
  Square: [...unary(tf.square), ofWhole(tf.square)],
  Step: [
    ...unary(x => tf.step(x, 0.25)),
    line('of zeros', [given(0, -0, 1)], x => tf.step(x)),
    ofWhole(x => tf.step(x)),
  ],
  Tan: unary(tf.tan, -1, 1),
  Tanh: unary(tf.tanh, -5, 5),
  OnesLike: [...unary(tf.onesLike), ofWhole(tf.onesLike), line('of bools', [bools([5])], tf.onesLike)],
  ZerosLike: [...unary(tf.zerosLike), ofWhole(tf.zerosLike)],
  Gelu: unary(gelu, -5, 5),
  QuickGelu: [...unary(quickGelu, -5, 5), line('with the factor 1', [floats([5], -5, 5)], silu)],

  IsFinite: [line('of odd numbers', [odd], tf.isFinite)],
  IsInf: [line('of odd numbers', [odd], tf.isInf)],
  IsNan: [line('of odd numbers', [odd], tf.isNaN)],
  LogicalNot: [line('of yes and no', [bools([5])], tf.logicalNot)],

  Add: [...broadcasting(tf.add), line('of other types', [ints([3]), floats([3])], tf.add)],
  FloorDiv: [
    // The backends do not agree on the type of its result.
    ...binary((a, b) => tf.floorDiv(a, b).toFloat(), 0.5, 4),
    line('of whole numbers below zero', [ints([11]), ints([11], 2, 4)], tf.floorDiv),
    line('of large whole numbers', [ints([5], 16777217, 16777228), ints([5], 1, 2)], tf.floorDiv),
  ],
  Maximum: binary(tf.maximum),
  Minimum: binary(tf.minimum),
  Mod: [
    ...binary(tf.mod, 0.5, 4),
    line('of numbers below zero', [given(-3.5, 3.5, -3.5, 3.5), given(2, 2, -2, -2)], tf.mod),
    line('of whole numbers below zero', [ints([11]), ints([11], 2, 4)], tf.mod),
  ],
  Multiply: [...binary(tf.mul), line('of yes and no', [bools([6]), bools([1])], tf.mul)],
  Pow: [
    ...binary(tf.pow, 0.5, 2),
    line('of numbers below zero', [given(-2, -1, 3), given(2, 3, -1)], tf.pow),
    line('of other types', [floats([3]), ints([3], 0, 4)], tf.pow),
  ],
  RealDiv: [
    // Whole numbers are divided by another kernel.
    ...binary(tf.div, 0.5, 4).slice(0, -1),
    line('by zero', [given(1, -1), given(0, 0)], tf.div),
  ],
  SquaredDifference: binary(tf.squaredDifference),
  Sub: [...broadcasting(tf.sub), line('of other types', [ints([3]), floats([3])], tf.sub)],

  Equal: comparison(tf.equal),
  Greater: comparison(tf.greater),
  GreaterEqual: comparison(tf.greaterEqual),
  Less: comparison(tf.less),
  LessEqual: comparison(tf.lessEqual),
  NotEqual: comparison(tf.notEqual),
  LogicalAnd: logical(tf.logicalAnd),
  LogicalOr: logical(tf.logicalOr),

  Prelu: [
    line('with a slope for each channel', [floats([2, 3, 4]), given(0.1, 0.2, 0.3, 0.4)], tf.prelu),
    line('with one slope', [floats([2, 3]), floats([])], tf.prelu),
    line('of a map', [floats([2, 2, 2, 3]), filter, given(0.1, 0.2, 0.3)], (x, w, a) =>
      tf.prelu(tf.conv2d(x, w, 1, 'valid'), a),
    ),
  ],
  AddN: [
    line('of floats', [floats([2, 3]), floats([2, 3], 0, 1), floats([2, 3], 5, 6)], (a, b, c) => tf.addN([a, b, c])),
    line('of whole numbers', [ints([2, 3]), ints([2, 3], 0, 4)], (a, b) => tf.addN([a, b])),
    line('of maps', [floats([1, 2, 2, 3]), filter], (x, w) => tf.addN([tf.conv2d(x, w, 1, 'valid'), x])),
  ],
  Cast: [
    line('of floats to whole numbers', [given(-1.7, -0.2, 0.9, 2.5)], x => x.cast('int32')),
    line('of floats to yes and no', [given(-1.7, 0, 0.2, -0)], x => x.cast('bool')),
    line('of whole numbers to floats', [ints([5])], x => x.cast('float32')),
    line('of whole numbers to yes and no', [ints([11])], x => x.cast('bool')),
    line('of yes and no to floats', [bools([5])], x => x.cast('float32')),
    line('of yes and no to whole numbers', [bools([5])], x => x.cast('int32')),
    line('of a map', [floats([2, 2, 2, 3]), filter], (x, w) => tf.conv2d(x, w, 1, 'valid').cast('int32')),
  ],
  Select: [
    line('of equal shapes', [bools([2, 3]), floats([2, 3]), floats([2, 3], 5, 6)], select),
    line('with one condition', [bools([1]), floats([2, 3]), floats([2, 3], 5, 6)], select),
    line('with a condition that broadcasts', [bools([2, 1]), floats([2, 3]), floats([1, 3], 5, 6)], select),
    line('of whole numbers', [bools([4]), ints([4]), ints([4], 7, 9)], select),
    line('of yes and no', [bools([4]), bools([4]), bools([1])], select),
    line('of a map', [floats([2, 2, 2, 3]), filter, floats([2, 2, 2, 3], 5, 6)], (x, w, b) => {
      const map = tf.conv2d(x, w, 1, 'valid')
      return tf.conv2d(tf.where(map.greater(0), map, b), w, 1, 'valid')
    }),
  ],
}
