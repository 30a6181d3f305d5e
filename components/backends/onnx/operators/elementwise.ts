/** Operators on each element. They leave maps in the order in which they find them. */
import * as tf from '../../../tensors/tf'
import type { GraphDType, GraphNode, GraphValue } from '../../recorder/graph'
import { float, MICROSOFT, type OnnxBuilder } from '../onnx-builder'
import { onnxTypes } from '../tensor-proto'
import { inputOf, type OperatorWriter, outputOf } from './operator-writer'

/** Writes a node whose inputs may lie in either order, as long as they all lie in the same. */
export function elementwise(
  names: readonly string[],
  write: (builder: OnnxBuilder, inputs: readonly string[], node: GraphNode) => string,
): OperatorWriter {
  return (node, builder) => {
    const values = names.map(name => inputOf(node, name))
    const output = outputOf(node)
    const first = output.shape.length === 4 && values.some(value => builder.isChannelsFirst(value))
    const inputs = values.map(value => (first ? builder.channelsFirst(value) : builder.plain(value)))
    builder.bind(output, write(builder, inputs, node), first ? 'channelsFirst' : 'channelsLast')
  }
}

const unary = (operator: string) => elementwise(['x'], (builder, inputs) => builder.add(operator, inputs))

/** Writes a kernel of two inputs, which are first brought to the type of the result, or to one that holds both. */
const binary = (operator: string) =>
  elementwise(['a', 'b'], (builder, inputs, node) => {
    const [a, b] = [inputOf(node, 'a'), inputOf(node, 'b')]
    const common = tf.upcastType(a.dtype, b.dtype) as GraphDType
    const dtype = operator === 'And' || operator === 'Or' ? 'bool' : common === 'bool' ? 'int32' : common
    return builder.add(operator, [cast(builder, inputs[0], a, dtype), cast(builder, inputs[1], b, dtype)])
  })

function cast(builder: OnnxBuilder, name: string | undefined, value: GraphValue, dtype: GraphDType): string {
  return value.dtype === dtype ? (name as string) : builder.add('Cast', [name as string], { to: onnxTypes[dtype] })
}

/** Where an operator exists for floats alone, or only in other words. */
const composed: Readonly<Record<string, OperatorWriter>> = {
  AddN: (node, builder) => {
    const names = Object.values(node.inputs).map(value => builder.plain(value))
    builder.bind(outputOf(node), builder.add('Sum', names))
  },
  Cast: elementwise(['x'], (builder, [x], node) => {
    const { dtype } = outputOf(node)
    return builder.add('Cast', [x as string], { to: onnxTypes[dtype] })
  }),
  ClipByValue: elementwise(['x'], (builder, [x], { attrs }) => {
    const { clipValueMin, clipValueMax } = attrs as { clipValueMin: number; clipValueMax: number }
    return builder.add('Clip', [x as string, builder.scalar(clipValueMin), builder.scalar(clipValueMax)])
  }),
  Expm1: elementwise(['x'], (builder, inputs) => builder.add('Sub', [builder.add('Exp', inputs), builder.scalar(1)])),
  FloorDiv: elementwise(['a', 'b'], (builder, inputs, node) => {
    // Whole numbers are divided as floats, as ONNX rounds their quotient toward zero.
    const [a, b] = inputs.map(name => builder.add('Cast', [name], { to: onnxTypes.float32 }))
    const floor = builder.add('Floor', [builder.add('Div', [a as string, b as string])])
    return builder.add('Cast', [floor], { to: onnxTypes[outputOf(node).dtype] })
  }),
  Gelu: elementwise(['x'], (builder, inputs) => builder.add('Gelu', inputs, {}, { domain: MICROSOFT })),
  IsFinite: elementwise(['x'], (builder, inputs) => {
    const odd = builder.add('Or', [builder.add('IsNaN', inputs), builder.add('IsInf', inputs)])
    return builder.add('Not', [odd])
  }),
  LeakyRelu: elementwise(['x'], (builder, inputs, { attrs }) =>
    builder.add('LeakyRelu', inputs, { alpha: float(attrs.alpha as number) }),
  ),
  Log1p: elementwise(['x'], (builder, [x]) =>
    builder.add('Log', [builder.add('Add', [x as string, builder.scalar(1)])]),
  ),
  Mod: elementwise(['a', 'b'], (builder, [a, b], node) => {
    // The result has the sign of the divisor, as in Python.
    if (outputOf(node).dtype === 'int32') return builder.add('Mod', [a as string, b as string])
    const floor = builder.add('Floor', [builder.add('Div', [a as string, b as string])])
    return builder.add('Sub', [a as string, builder.add('Mul', [b as string, floor])])
  }),
  NotEqual: elementwise(['a', 'b'], (builder, inputs) => builder.add('Not', [builder.add('Equal', inputs)])),
  OnesLike: filled(1),
  Prelu: elementwise(['x', 'alpha'], (builder, inputs) => builder.add('PRelu', inputs)),
  QuickGelu: elementwise(['x'], (builder, inputs, { attrs }) =>
    builder.add('QuickGelu', inputs, { alpha: float(attrs.alpha as number) }, { domain: MICROSOFT }),
  ),
  Relu6: elementwise(['x'], (builder, [x]) => builder.add('Clip', [x as string, builder.scalar(0), builder.scalar(6)])),
  Rsqrt: elementwise(['x'], (builder, inputs) => builder.add('Reciprocal', [builder.add('Sqrt', inputs)])),
  Select: (node, builder) => {
    const [condition, t, e] = [inputOf(node, 'condition'), inputOf(node, 't'), inputOf(node, 'e')]
    const rows = condition.shape.length === 1 && t.shape.length > 1
    const shape = [...condition.shape, ...new Array<number>(t.shape.length - 1).fill(1)]
    const choose = rows ? builder.reshape(builder.plain(condition), shape) : builder.plain(condition)
    builder.bind(outputOf(node), builder.add('Where', [choose, builder.plain(t), builder.plain(e)]))
  },
  Square: elementwise(['x'], (builder, [x]) => builder.add('Mul', [x as string, x as string])),
  SquaredDifference: elementwise(['a', 'b'], (builder, inputs) => {
    const difference = builder.add('Sub', inputs)
    return builder.add('Mul', [difference, difference])
  }),
  Step: elementwise(['x'], (builder, [x], { attrs }) => {
    const isPositive = builder.add('Greater', [x as string, builder.scalar(0)])
    const isNan = builder.add('IsNaN', [x as string])
    const stepped = builder.add('Where', [isPositive, builder.scalar(1), builder.scalar(attrs.alpha as number)])
    return builder.add('Where', [isNan, x as string, stepped])
  }),
  ZerosLike: filled(0),
}

/** A constant of the input's shape. */
function filled(value: number): OperatorWriter {
  return (node, builder) => {
    const output = outputOf(node)
    const type = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }[output.dtype]
    const one = builder.constant(type.of(value), [], output.dtype)
    builder.bind(output, builder.add('Expand', [one, builder.ints(output.shape)]))
  }
}

const renamed = (operators: Readonly<Record<string, string>>, writer: (operator: string) => OperatorWriter) =>
  Object.fromEntries(Object.entries(operators).map(([kernel, operator]) => [kernel, writer(operator)]))

/** Writers of the kernels here. */
export const elementwiseOperators: Readonly<Record<string, OperatorWriter>> = {
  ...renamed(
    {
      ...{
        Abs: 'Abs',
        Acos: 'Acos',
        Acosh: 'Acosh',
        Asin: 'Asin',
        Asinh: 'Asinh',
        Atan: 'Atan',
        Atanh: 'Atanh',
        Ceil: 'Ceil',
      },
      ...{
        Cos: 'Cos',
        Cosh: 'Cosh',
        Elu: 'Elu',
        Erf: 'Erf',
        Exp: 'Exp',
        Floor: 'Floor',
        Identity: 'Identity',
        IsInf: 'IsInf',
      },
      ...{
        IsNan: 'IsNaN',
        Log: 'Log',
        LogicalNot: 'Not',
        Neg: 'Neg',
        Reciprocal: 'Reciprocal',
        Relu: 'Relu',
        Round: 'Round',
      },
      ...{
        Selu: 'Selu',
        Sigmoid: 'Sigmoid',
        Sign: 'Sign',
        Sin: 'Sin',
        Sinh: 'Sinh',
        Softplus: 'Softplus',
        Sqrt: 'Sqrt',
      },
      ...{ Tan: 'Tan', Tanh: 'Tanh' },
    },
    unary,
  ),
  ...renamed(
    {
      ...{ Add: 'Add', Maximum: 'Max', Minimum: 'Min', Multiply: 'Mul', Pow: 'Pow', RealDiv: 'Div', Sub: 'Sub' },
      ...{ Equal: 'Equal', Greater: 'Greater', GreaterEqual: 'GreaterOrEqual', Less: 'Less', LessEqual: 'LessOrEqual' },
      ...{ LogicalAnd: 'And', LogicalOr: 'Or' },
    },
    binary,
  ),
  ...composed,
}
