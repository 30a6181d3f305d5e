/** Operators that bring many elements down to one. */
import * as tf from '../../../tensors/tf'
import type { GraphDType } from '../../recorder/graph'
import { reductionAxes } from '../../recorder/kernels/inference'
import { onnxTypes } from '../tensor-proto'
import { axisFromStart, inputOf, type OperatorWriter, outputOf } from './operator-writer'

/** Writes a reduction; yes and no are counted as whole numbers. */
const reduce =
  (operator: string): OperatorWriter =>
  (node, builder) => {
    const x = inputOf(node, 'x')
    const output = outputOf(node)
    const axes = tf.util.parseAxisParam(reductionAxes(node.attrs) ?? [...x.shape.keys()], [...x.shape])
    const plain = builder.plain(x)
    const computed: GraphDType = output.dtype === 'bool' ? 'int32' : output.dtype
    const source = builder.cast(plain, x.dtype, computed)
    const keepdims = node.attrs.keepDims ? 1 : 0
    const reduced = axes.length === 0 ? source : builder.add(operator, [source, builder.ints(axes)], { keepdims })
    builder.bind(output, builder.cast(reduced, computed, output.dtype))
  }

const arg =
  (operator: string): OperatorWriter =>
  (node, builder) => {
    const x = inputOf(node, 'x')
    const axis = axisFromStart([node.attrs.axis].flat()[0], x.shape.length)
    const numbers = builder.cast(builder.plain(x), x.dtype, x.dtype === 'bool' ? 'int32' : x.dtype)
    const index = builder.add(operator, [numbers], { axis, keepdims: 0 })
    builder.bind(outputOf(node), builder.add('Cast', [index], { to: onnxTypes.int32 }))
  }

const softmax =
  (operator: string): OperatorWriter =>
  (node, builder) => {
    const logits = inputOf(node, 'logits')
    const axis = axisFromStart(node.attrs.dim ?? node.attrs.axis ?? -1, logits.shape.length)
    builder.bind(outputOf(node), builder.add(operator, [builder.plain(logits)], { axis }))
  }

/** Writers of the kernels here. */
export const reductionOperators: Readonly<Record<string, OperatorWriter>> = {
  All: reduce('ReduceMin'),
  Any: reduce('ReduceMax'),
  ArgMax: arg('ArgMax'),
  ArgMin: arg('ArgMin'),
  Max: reduce('ReduceMax'),
  Mean: reduce('ReduceMean'),
  Min: reduce('ReduceMin'),
  Prod: reduce('ReduceProd'),
  Sum: reduce('ReduceSum'),
  Cumsum: (node, builder) => {
    const x = inputOf(node, 'x')
    const axis = builder.constant(Int32Array.of(axisFromStart(node.attrs.axis, x.shape.length)), [], 'int32')
    const attributes = { exclusive: node.attrs.exclusive ? 1 : 0, reverse: node.attrs.reverse ? 1 : 0 }
    builder.bind(outputOf(node), builder.add('CumSum', [builder.plain(x), axis], attributes))
  },
  Softmax: softmax('Softmax'),
  LogSoftmax: softmax('LogSoftmax'),
}
