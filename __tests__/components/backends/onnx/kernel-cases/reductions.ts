/** Functions that bring many elements down to one. */
import * as tf from '@tensorflow/tfjs'
import {
  bools,
  type Compute,
  floats,
  given,
  ints,
  type KernelCase,
  type KernelCases,
  line,
  type TensorData,
} from './kernel-case'

const filter = floats([1, 1, 3, 3])

type Reduction = (x: tf.Tensor, axis?: number | number[], keepDims?: boolean) => tf.Tensor

/** With all kinds of axes, and on a map. */
function reduction(f: Reduction, data: TensorData = floats([2, 3, 4], 0.5, 1.5)): KernelCase[] {
  return [
    line('of all', [data], x => f(x)),
    line('of the first axis', [data], x => f(x, 0)),
    line('of the last axis', [data], x => f(x, -1)),
    line('of two axes', [data], x => f(x, [0, 2])),
    line('of axes in another order', [data], x => f(x, [2, 0])),
    line('of no axis', [data], x => f(x, [])),
    line('of one number', [{ ...data, shape: [], values: data.values.slice(0, 1) }], x => f(x)),
    line('with axes that stay', [data], x => f(x, [0, 1], true)),
    line('of all with axes that stay', [data], x => f(x, undefined, true)),
  ]
}

const ofNumbers = (f: Reduction): KernelCase[] => [
  ...reduction(f),
  line('of whole numbers', [ints([2, 3], 1, 5)], x => f(x, 1)),
  line('of a map', [floats([2, 3, 4, 3]), filter], (x, w) => f(tf.conv2d(x, w, 1, 'valid'), [1, 2])),
  line('of the channels of a map', [floats([2, 3, 4, 3]), filter], (x, w) =>
    tf.conv2d(x, w, 1, 'valid').mul(f(tf.conv2d(x, w, 1, 'valid'), -1, true)),
  ),
]

const arg = (f: (x: tf.Tensor, axis?: number) => tf.Tensor): KernelCase[] => [
  line('of the first axis', [floats([3, 4])], x => f(x)),
  line('of the last axis', [floats([3, 4])], x => f(x, -1)),
  line('of a list', [floats([5])], x => f(x)),
  line('of equal numbers', [given(1, 3, 3, 1, 1)], x => f(x)),
  line('of whole numbers', [ints([3, 4])], x => f(x, 1)),
  line('of a map', [floats([2, 3, 4, 3]), filter], (x, w) => f(tf.conv2d(x, w, 1, 'valid'), 3)),
]

const softmaxOf = (f: Compute): KernelCase[] => [
  line('of a list', [floats([5])], f),
  line('of large numbers', [given(1000, 1001, -1000)], f),
  line('of rank 4', [floats([2, 2, 3, 4])], f),
  line('of a map', [floats([2, 3, 4, 3]), filter], (x, w) => f(tf.conv2d(x, w, 1, 'valid')) as tf.Tensor),
]

/** Tables by kernel. */
export const reductionCases: KernelCases = {
  All: reduction(tf.all, bools([2, 3, 4])),
  Any: reduction(tf.any, bools([2, 3, 4])),
  ArgMax: arg(tf.argMax),
  ArgMin: arg(tf.argMin),
  Max: ofNumbers(tf.max),
  Mean: [
    ...ofNumbers(tf.mean),
    line('of yes and no', [bools([2, 5])], x => tf.mean(x, 1)),
    line('of large numbers', [floats([64, 64], 9999, 10001)], x => tf.mean(x).sub(10000)),
  ],
  Min: ofNumbers(tf.min),
  Prod: [...ofNumbers(tf.prod), line('of yes and no', [bools([2, 5])], x => tf.prod(x, 1))],
  Sum: [...ofNumbers(tf.sum), line('of yes and no', [bools([2, 5])], x => tf.sum(x, 1))],
  Cumsum: [
    line('along the first axis', [floats([3, 4])], x => tf.cumsum(x)),
    line('along the last axis', [floats([3, 4])], x => tf.cumsum(x, 1)),
    line('without the element itself', [floats([3, 4])], x => tf.cumsum(x, 1, true)),
    line('from the end', [floats([3, 4])], x => tf.cumsum(x, 1, false, true)),
    line('from the end without the element itself', [floats([3, 4])], x => tf.cumsum(x, 0, true, true)),
    line('of whole numbers', [ints([3, 4])], x => tf.cumsum(x)),
  ],
  Softmax: softmaxOf(x => tf.softmax(x)),
  LogSoftmax: softmaxOf(logits =>
    tf.getBackend() === 'recorder'
      ? tf.engine().runKernel('LogSoftmax', { logits }, { axis: -1 })
      : tf.logSoftmax(logits),
  ),
}
