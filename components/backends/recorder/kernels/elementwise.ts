/** Kernels that compute each element on its own. */
import * as tf from '../../../tensors/tf'
import type { GraphDType } from '../graph'
import { type Infer, input, type KernelInputs } from './inference'

/** Names of kernels with one input `x` whose result has its type. */
const sameType = [
  'Abs',
  'Ceil',
  'ClipByValue',
  'Floor',
  'Identity',
  'Neg',
  'Relu',
  'Relu6',
  'Round',
  'Sign',
  'Square',
  'Step',
  'OnesLike',
  'ZerosLike',
]

/** Names of kernels with one input `x` whose result is float32. */
const toFloat = [
  ...[
    'Acos',
    'Acosh',
    'Asin',
    'Asinh',
    'Atan',
    'Atanh',
    'Cos',
    'Cosh',
    'Elu',
    'Erf',
    'Exp',
    'Expm1',
    'LeakyRelu',
    'Log',
    'Log1p',
  ],
  ...['Reciprocal', 'Rsqrt', 'Selu', 'Sigmoid', 'Sin', 'Sinh', 'Softplus', 'Sqrt', 'Tan', 'Tanh'],
  ...['Gelu', 'QuickGelu'],
]

/** Names of kernels with one input `x` whose result says yes or no. */
const toBool = ['IsFinite', 'IsInf', 'IsNan', 'LogicalNot']

/** Names of kernels with inputs `a` and `b` that broadcast. */
const arithmetic = [
  'Add',
  'FloorDiv',
  'Maximum',
  'Minimum',
  'Mod',
  'Multiply',
  'Pow',
  'RealDiv',
  'SquaredDifference',
  'Sub',
]

/** The same, with a result that says yes or no. */
const comparisons = ['Equal', 'Greater', 'GreaterEqual', 'Less', 'LessEqual', 'LogicalAnd', 'LogicalOr', 'NotEqual']

const unary =
  (dtype?: GraphDType): Infer =>
  inputs => {
    const x = input(inputs, 'x')
    return { shape: x.shape, dtype: dtype ?? x.dtype }
  }

function broadcast(inputs: KernelInputs, ...names: string[]): number[] {
  return names
    .map(name => [...input(inputs, name).shape])
    .reduce((a, b) => tf.backend_util.assertAndGetBroadcastShape(a, b))
}

const table = (names: readonly string[], infer: Infer) => Object.fromEntries(names.map(name => [name, infer]))

/** Shapes and types of the kernels here. */
export const elementwiseKernels: Readonly<Record<string, Infer>> = {
  ...table(sameType, unary()),
  ...table(toFloat, unary('float32')),
  ...table(toBool, unary('bool')),
  ...table(arithmetic, inputs => {
    const dtype = tf.upcastType(input(inputs, 'a').dtype, input(inputs, 'b').dtype) as GraphDType // Of these three, one of them.
    return { shape: broadcast(inputs, 'a', 'b'), dtype }
  }),
  ...table(comparisons, inputs => ({ shape: broadcast(inputs, 'a', 'b'), dtype: 'bool' })),
  Prelu: inputs => ({ shape: broadcast(inputs, 'x', 'alpha'), dtype: 'float32' }),
  AddN: inputs => input(inputs, '0'),
  Cast: (inputs, attrs) => ({ shape: input(inputs, 'x').shape, dtype: attrs.dtype as GraphDType }),
  Select: inputs => {
    // A condition of rank 1 chooses among rows: that is left to the writer.
    const t = input(inputs, 't')
    return { shape: t.shape, dtype: t.dtype }
  },
}
