/** Operators on each element. They leave maps in the order in which they find them. */
import * as tf from '../../../tensors/tf'
import type { GraphDType, GraphNode } from '../../recorder/graph'
import { float, MICROSOFT, type OnnxAttributes, type OnnxBuilder } from '../onnx-builder'
import { inputOf, type OperatorWriter, outputOf } from './operator-writer'

/** Writes a node whose inputs may be in either order, as long as they all are in the same. */
export function elementwise(
  names: readonly string[],
  write: (builder: OnnxBuilder, inputs: readonly string[], node: GraphNode) => string,
): OperatorWriter {
  return (node, builder) => {
    const values = names.map(name => inputOf(node, name))
    const output = outputOf(node)
    const first = output.shape.length === 4 && builder.takesChannelsFirst(values)
    const inputs = values.map(value => (first ? builder.channelsFirst(value) : builder.plain(value)))
    builder.bind(output, write(builder, inputs, node), first ? 'channelsFirst' : 'channelsLast')
  }
}

/** Writes a kernel of one input. Operators that compute on floats alone get floats, and give the type of the result. */
const unary = (
  operator: string,
  attributes: (node: GraphNode) => OnnxAttributes = () => ({}),
  domain?: typeof MICROSOFT,
) => onFloats((builder, x, node) => builder.add(operator, [x], attributes(node), domain ? { domain } : {}))

/** Writes a computation on floats of one input of any type. */
function onFloats(
  write: (builder: OnnxBuilder, x: string, node: GraphNode) => string,
  result?: GraphDType,
): OperatorWriter {
  return elementwise(['x'], (builder, [x], node) => {
    const floats = builder.cast(x as string, inputOf(node, 'x').dtype, 'float32')
    return builder.cast(write(builder, floats, node), result ?? 'float32', outputOf(node).dtype)
  })
}

/** Operators that give yes or no. */
const COMPARISONS = ['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'And', 'Or']

/** Writes a kernel of two inputs, which are first cast to one type. */
const binary = (operator: string) =>
  elementwise(['a', 'b'], (builder, inputs, node) => {
    const [a, b] = [inputOf(node, 'a'), inputOf(node, 'b')]
    const common = tf.upcastType(a.dtype, b.dtype) as GraphDType
    const dtype = operator === 'And' || operator === 'Or' ? 'bool' : common === 'bool' ? 'int32' : common
    const result = builder.add(operator, [
      builder.cast(inputs[0] as string, a.dtype, dtype),
      builder.cast(inputs[1] as string, b.dtype, dtype),
    ])
    return COMPARISONS.includes(operator) ? result : builder.cast(result, dtype, outputOf(node).dtype)
  })

/** Where an operator exists for floats alone, or only in other words. */
const composed: Readonly<Record<string, OperatorWriter>> = {
  AddN: (node, builder) => {
    const [first = '', ...rest] = Object.values(node.inputs).map(value => builder.plain(value))
    builder.bind(
      outputOf(node),
      rest.reduce((sum, name) => builder.add('Add', [sum, name]), first),
    )
  },
  Cast: elementwise(['x'], (builder, [x], node) =>
    builder.cast(x as string, inputOf(node, 'x').dtype, outputOf(node).dtype),
  ),
  ClipByValue: onFloats((builder, x, { attrs }) => {
    const { clipValueMin, clipValueMax } = attrs as { clipValueMin: number; clipValueMax: number }
    return builder.add('Clip', [x, builder.scalar(clipValueMin), builder.scalar(clipValueMax)])
  }),
  Expm1: onFloats((builder, x) => builder.add('Sub', [builder.add('Exp', [x]), builder.scalar(1)])),
  FloorDiv: elementwise(['a', 'b'], (builder, inputs, node) => {
    // Whole numbers are divided as floats, as ONNX rounds their quotient toward zero.
    const [a, b] = ['a', 'b'].map((name, i) => builder.cast(inputs[i] as string, inputOf(node, name).dtype, 'float32'))
    const floor = builder.add('Floor', [builder.add('Div', [a as string, b as string])])
    return builder.cast(floor, 'float32', outputOf(node).dtype)
  }),
  Identity: elementwise(['x'], (builder, inputs) => builder.add('Identity', inputs)),
  IsFinite: onFloats((builder, x) => {
    return builder.add('Not', [builder.add('Or', [builder.add('IsNaN', [x]), builder.add('IsInf', [x])])])
  }, 'bool'),
  IsInf: onFloats((builder, x) => builder.add('IsInf', [x]), 'bool'),
  IsNan: onFloats((builder, x) => builder.add('IsNaN', [x]), 'bool'),
  Log1p: onFloats((builder, x) => builder.add('Log', [builder.add('Add', [x, builder.scalar(1)])])),
  LogicalNot: elementwise(['x'], (builder, [x], node) => {
    return builder.add('Not', [builder.cast(x as string, inputOf(node, 'x').dtype, 'bool')])
  }),
  Mod: elementwise(['a', 'b'], (builder, [a, b], node) => {
    // The result has the sign of the divisor, as in Python.
    if (outputOf(node).dtype === 'int32') return builder.add('Mod', [a as string, b as string])
    const floor = builder.add('Floor', [builder.add('Div', [a as string, b as string])])
    return builder.add('Sub', [a as string, builder.add('Mul', [b as string, floor])])
  }),
  NotEqual: elementwise(['a', 'b'], (builder, inputs, node) => {
    const [a, b] = [inputOf(node, 'a'), inputOf(node, 'b')]
    const common = tf.upcastType(a.dtype, b.dtype) as GraphDType
    const cast = [
      builder.cast(inputs[0] as string, a.dtype, common),
      builder.cast(inputs[1] as string, b.dtype, common),
    ]
    return builder.add('Not', [builder.add('Equal', cast)])
  }),
  OnesLike: filled(1),
  Prelu: elementwise(['x', 'alpha'], (builder, inputs) => builder.add('PRelu', inputs)),
  Relu6: onFloats((builder, x) => builder.add('Clip', [x, builder.scalar(0), builder.scalar(6)])),
  Rsqrt: onFloats((builder, x) => builder.add('Reciprocal', [builder.add('Sqrt', [x])])),
  Select: (node, builder) => {
    const [condition, t, e] = [inputOf(node, 'condition'), inputOf(node, 't'), inputOf(node, 'e')]
    const rows = condition.shape.length === 1 && t.shape.length > 1
    const shape = [...condition.shape, ...new Array<number>(t.shape.length - 1).fill(1)]
    const choose = rows ? builder.reshape(builder.plain(condition), shape) : builder.plain(condition)
    // ONNX Runtime chooses among numbers alone.
    const dtype = t.dtype === 'bool' ? 'int32' : t.dtype
    const inputs = [
      choose,
      builder.cast(builder.plain(t), t.dtype, dtype),
      builder.cast(builder.plain(e), e.dtype, dtype),
    ]
    builder.bind(outputOf(node), builder.cast(builder.add('Where', inputs), dtype, t.dtype))
  },
  Square: elementwise(['x'], (builder, [x], node) => {
    const { dtype } = inputOf(node, 'x')
    const number = dtype === 'bool' ? 'int32' : dtype
    const cast = builder.cast(x as string, dtype, number)
    return builder.cast(builder.add('Mul', [cast, cast]), number, dtype)
  }),
  SquaredDifference: elementwise(['a', 'b'], (builder, inputs) => {
    const difference = builder.add('Sub', inputs)
    return builder.add('Mul', [difference, difference])
  }),
  Step: onFloats((builder, x, { attrs }) => {
    const isPositive = builder.add('Greater', [x, builder.scalar(0)])
    const stepped = builder.add('Where', [isPositive, builder.scalar(1), builder.scalar(attrs.alpha as number)])
    return builder.add('Where', [builder.add('IsNaN', [x]), x, stepped])
  }),
  ZerosLike: filled(0),
}

/** A constant of the input's shape. */
function filled(value: number): OperatorWriter {
  return (node, builder) => {
    const output = outputOf(node)
    builder.bind(output, builder.filled(value, output))
  }
}

/** Kernels that ONNX has under the same name. */
const sameNames = [
  ...[
    'Abs',
    'Acos',
    'Acosh',
    'Asin',
    'Asinh',
    'Atan',
    'Atanh',
    'Ceil',
    'Cos',
    'Cosh',
    'Elu',
    'Erf',
    'Exp',
    'Floor',
    'Log',
    'Neg',
  ],
  ...['Reciprocal', 'Relu', 'Round', 'Selu', 'Sigmoid', 'Sign', 'Sin', 'Sinh', 'Softplus', 'Sqrt', 'Tan', 'Tanh'],
]

/** Kernels of two inputs, and what they are called in ONNX. */
const pairs: Readonly<Record<string, string>> = {
  ...{ Add: 'Add', Maximum: 'Max', Minimum: 'Min', Multiply: 'Mul', Pow: 'Pow', RealDiv: 'Div', Sub: 'Sub' },
  ...{ Equal: 'Equal', Greater: 'Greater', GreaterEqual: 'GreaterOrEqual', Less: 'Less', LessEqual: 'LessOrEqual' },
  ...{ LogicalAnd: 'And', LogicalOr: 'Or' },
}

/** Writers of the kernels here. */
export const elementwiseOperators: Readonly<Record<string, OperatorWriter>> = {
  ...Object.fromEntries(sameNames.map(name => [name, unary(name)])),
  ...Object.fromEntries(Object.entries(pairs).map(([kernel, operator]) => [kernel, binary(operator)])),
  Gelu: unary('Gelu', () => ({}), MICROSOFT),
  LeakyRelu: unary('LeakyRelu', ({ attrs }) => ({ alpha: float(attrs.alpha as number) })),
  QuickGelu: unary('QuickGelu', ({ attrs }) => ({ alpha: float(attrs.alpha as number) }), MICROSOFT),
  ...composed,
}
