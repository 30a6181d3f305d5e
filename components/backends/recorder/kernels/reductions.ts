/** Kernels that bring many elements down to one. */
import * as tf from '../../../tensors/tf'
import type { GraphDType } from '../graph'
import { type Infer, input, reductionAxes } from './inference'

const reduce =
  (dtype?: GraphDType): Infer =>
  (inputs, attrs) => {
    const x = input(inputs, 'x')
    const axes = tf.util.parseAxisParam(reductionAxes(attrs) ?? [...x.shape.keys()], [...x.shape])
    const shape = attrs.keepDims
      ? x.shape.map((length, at) => (axes.includes(at) ? 1 : length))
      : x.shape.filter((_, at) => !axes.includes(at))
    return { shape, dtype: dtype ?? x.dtype }
  }

/** Sums of yes and no count. */
const counting: Infer = (inputs, attrs) =>
  reduce(input(inputs, 'x').dtype === 'float32' ? 'float32' : 'int32')(inputs, attrs)

/** Shapes and types of the kernels here. */
export const reductionKernels: Readonly<Record<string, Infer>> = {
  All: reduce('bool'),
  Any: reduce('bool'),
  ArgMax: reduce('int32'),
  ArgMin: reduce('int32'),
  Max: reduce(),
  Mean: reduce('float32'),
  Min: reduce(),
  Prod: counting,
  Sum: counting,
  Cumsum: inputs => input(inputs, 'x'),
  Softmax: inputs => input(inputs, 'logits'),
  LogSoftmax: inputs => input(inputs, 'logits'),
}
