/** Builds an ONNX graph, and tracks the order of dimensions of each value. */
import { create } from '@bufbuild/protobuf'
import * as tf from '../../tensors/tf'
import {
  behindReshapes,
  type ConstantValues,
  type GraphDType,
  type GraphNode,
  type GraphValue,
  type TensorSpec,
} from '../recorder/graph'
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataType,
  type ValueInfoProto,
} from './generated/onnx_pb'
import { inlineTensor, onnxTypes, valueInfo } from './tensor-proto'

/** Attributes of an operator: numbers that are whole become integers unless they are given as {@link float}. */
export type OnnxAttributes = Readonly<Record<string, number | string | readonly number[] | FloatAttribute>>

/** A number that is a float to ONNX though it may be whole. */
export class FloatAttribute {
  constructor(readonly value: number) {}
}

/** See {@link FloatAttribute}. */
export const float = (value: number) => new FloatAttribute(value)

/** Microsoft's operators, which only ONNX Runtime has. */
export const MICROSOFT = 'com.microsoft'

/** Options of one operator. */
export interface OperatorOptions {
  domain?: typeof MICROSOFT
  /** How many results it has; default 1. */
  outputs?: number
}

/** The arrays that hold constants. */
const arrayTypes = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const

/** How maps lie: `[batch, height, width, channels]` as recorded, or `[batch, channels, height, width]`, which ONNX computes on. */
export type Order = 'channelsLast' | 'channelsFirst'

/** The order that brings a recorded map channels-first. */
export const CHANNELS_FIRST = [0, 3, 1, 2] as const
const TO_LAST = [0, 2, 3, 1] as const

/** What the operators may be. */
export interface BuilderOptions {
  /** Keeps maps channels-last where it can: quantized layers compute on these. */
  channelsLast?: boolean
  /** Writes attention as products and a softmax, where the runtime's own operator is not to be trusted. */
  composeAttention?: boolean
  /** Computes large 3×3 convolutions in tiles, with fewer multiplications: faster on a CPU. */
  tileConvolutions?: boolean
}

/** A weight in the model. */
export interface StoredWeight {
  readonly name: string
  /** The type that it has in its file. */
  readonly type: TensorProto_DataType
}

/** Stores a weight, or some of its rows, as it is in its file. */
export type WeightWriter = (
  builder: OnnxBuilder,
  value: GraphValue,
  rows?: readonly [begin: number, end: number],
) => StoredWeight

/** The same for a weight that is quantized. */
export type QuantizedWeightWriter = (
  builder: OnnxBuilder,
  value: GraphValue,
  rows?: readonly [begin: number, end: number],
) => QuantizedWeight

/** A quantized weight: its integers, of 8 bits in the shape of the checkpoint and of 4 bits as `[out, blocks, bytes]`, and their scales. */
export interface QuantizedWeight {
  readonly values: string
  readonly scales: string
}

/** A value that was rounded to 8 bits by its own range: integers, what they are multiples of, and which of them stands for zero. */
export interface RoundedValue {
  readonly values: string
  readonly scale: string
  readonly zero: string
}

/**
 * The graph under construction. A value is written in one order and converted to the other when an operator first asks for it, so that
 * maps stay channels-first from one convolution to the next.
 */
export class OnnxBuilder {
  readonly nodes: NodeProto[] = []
  readonly initializers: TensorProto[] = []
  /** Constants that the model declares as inputs with a default: the runtime does not optimise what a caller could replace. */
  readonly replaceable = new Set<string>()
  private readonly names = new Map<GraphValue, Partial<Record<Order, string>>>()
  private readonly constants = new Map<string, string>()
  private readonly transposed = new Map<string, { of: string; perm: readonly number[] }>()
  private readonly taken = new Set<string>()
  private readonly weights = new Map<GraphValue, StoredWeight>()
  private readonly roundedValues = new Map<string, RoundedValue>()
  private readonly rests = new Map<string, string>()
  private node: GraphNode | undefined
  private count = 0

  constructor(
    private readonly writeWeight: WeightWriter,
    private readonly writeQuantized: QuantizedWeightWriter,
    readonly options: BuilderOptions = {},
  ) {}

  /** Names of operators that follow are made from this node. */
  begin(node: GraphNode): void {
    this.node = node
  }

  /** A name that nothing has yet. */
  newName(stem: string): string {
    return this.claim(`${stem}_${this.count++}`)
  }

  /** The name, or one like it where something has it already. */
  claim(name: string): string {
    let free = name
    for (let i = 1; this.taken.has(free); i++) free = `${name}_${i}`
    this.taken.add(free)
    return free
  }

  /** Gives a value the name of an operator's result, and returns the name. */
  bind(value: GraphValue, name: string, order: Order = 'channelsLast'): string {
    this.names.set(value, { ...this.names.get(value), [order]: name })
    return name
  }

  /** Shapes and types of the values that have a name so far. */
  describeValues(): ValueInfoProto[] {
    return [...this.names].flatMap(([value, { channelsLast, channelsFirst }]) => {
      if (value.origin.kind === 'input') return []
      const first = value.shape.length === 4 ? permute(value.shape, CHANNELS_FIRST) : value.shape
      return [
        ...(channelsLast === undefined ? [] : [valueInfo(channelsLast, value)]),
        ...(channelsFirst === undefined ? [] : [valueInfo(channelsFirst, { shape: first, dtype: value.dtype })]),
      ]
    })
  }

  /** Whether a value is a map that lies channels-first alone. */
  isChannelsFirst(value: GraphValue): boolean {
    const known = this.names.get(value)
    return known?.channelsFirst !== undefined && known.channelsLast === undefined
  }

  /** Whether an operator that takes maps in either order takes these channels-first. */
  takesChannelsFirst(values: readonly GraphValue[]): boolean {
    const maps = values.filter(({ shape, origin }) => shape.length === 4 && origin.kind === 'node')
    if (!this.options.channelsLast) return maps.some(value => this.isChannelsFirst(value))
    return maps.length > 0 && maps.every(value => this.isChannelsFirst(value))
  }

  /** The name of a value as it was recorded. */
  plain(value: GraphValue): string {
    const known = this.names.get(value)
    if (known?.channelsLast !== undefined) return known.channelsLast
    const { origin } = value
    if (origin.kind === 'constant') return this.bind(value, this.constant(origin.values, value.shape, value.dtype))
    if (origin.kind === 'parameter') return this.bind(value, this.widen(this.stored(value)))
    if (known?.channelsFirst === undefined) {
      throw new Error(`A value is used before it is written (${this.node?.kernel} of ${this.node?.layer}).`)
    }
    return this.bind(value, this.transpose(known.channelsFirst, TO_LAST, permute(value.shape, CHANNELS_FIRST)))
  }

  /** The name of a value with its channels behind the batch; one of a lower rank is first given leading dimensions, as if it broadcasts. */
  channelsFirst(value: GraphValue): string {
    const known = this.names.get(value)?.channelsFirst
    if (known !== undefined) return known
    if (tf.util.sizeFromShape([...value.shape]) === 1) return this.plain(value)
    const shape = [...new Array<number>(4 - value.shape.length).fill(1), ...value.shape]
    const { origin } = value
    let name: string
    if (origin.kind === 'constant') {
      name = this.constant(
        transposeValues(origin.values, shape, CHANNELS_FIRST),
        permute(shape, CHANNELS_FIRST),
        value.dtype,
      )
    } else if (shape[1] === 1 && shape[2] === 1) {
      // Nothing moves where there is one position.
      name = this.reshape(this.plain(value), permute(shape, CHANNELS_FIRST))
    } else {
      const plain = value.shape.length === 4 ? this.plain(value) : this.reshape(this.plain(value), shape)
      name = this.transpose(plain, CHANNELS_FIRST, shape)
    }
    return this.bind(value, name, 'channelsFirst')
  }

  /** A weight as it is in its file. */
  stored(value: GraphValue): StoredWeight {
    const known = this.weights.get(value)
    if (known) return known
    const stored = this.writeWeight(this, value)
    this.weights.set(value, stored)
    return stored
  }

  /** Brings a weight, or what was taken from it, to float32. */
  widen({ name, type }: StoredWeight): string {
    return type === onnxTypes.float32 ? name : this.add('Cast', [name], { to: onnxTypes.float32 })
  }

  /** The name of some rows of a weight, which is not a result of anything. */
  weightRows(value: GraphValue, begin: number, end: number): string {
    return this.widen(this.writeWeight(this, value, [begin, end]))
  }

  /** A weight in integers, or some of its rows. */
  quantized(value: GraphValue, rows?: readonly [begin: number, end: number]): QuantizedWeight {
    return this.writeQuantized(this, value, rows)
  }

  /** A value in 8 bits, rounded once for all that read it, also in another shape. */
  rounded(value: GraphValue): RoundedValue {
    const source = behindReshapes(value)
    return this.inShapeOf(value, source, this.round(this.plain(source)))
  }

  /** What a value has lost by {@link rounded}, in 8 bits as well. */
  rest(value: GraphValue): RoundedValue {
    const source = behindReshapes(value)
    const name = this.plain(source)
    const { values, scale, zero } = this.round(name)
    const known = this.rests.get(name)
    const rest = known ?? this.add('Sub', [name, this.add('DequantizeLinear', [values, scale, zero])])
    this.rests.set(name, rest)
    return this.inShapeOf(value, source, this.round(rest))
  }

  private round(name: string): RoundedValue {
    const known = this.roundedValues.get(name)
    if (known) return known
    const [values = '', scale = '', zero = ''] = this.addMany('DynamicQuantizeLinear', [name], {}, { outputs: 3 })
    const rounded = { values, scale, zero }
    this.roundedValues.set(name, rounded)
    return rounded
  }

  private inShapeOf(value: GraphValue, source: GraphValue, rounded: RoundedValue): RoundedValue {
    return source === value ? rounded : { ...rounded, values: this.reshape(rounded.values, value.shape) }
  }

  /** Numbers that several operators may need, made and stored once for each key. */
  shared(key: string, shape: readonly number[], make: () => ConstantValues, dtype: GraphDType = 'int32'): string {
    return this.once(key, () => this.constant(make(), shape, dtype))
  }

  /** The same for floats with which the runtime must compute in each run, even if all other inputs are constants. */
  unfolded(key: string, shape: readonly number[], make: () => Float32Array): string {
    const name = this.shared(key, shape, make, 'float32')
    this.replaceable.add(name)
    return name
  }

  private once(key: string, make: () => string): string {
    const known = this.constants.get(key)
    if (known !== undefined) return known
    const name = make()
    this.constants.set(key, name)
    return name
  }

  /** Adds an operator with one result, and returns the result's name. Inputs that are left out are `''`. */
  add(type: string, inputs: readonly string[], attributes: OnnxAttributes = {}, options: OperatorOptions = {}): string {
    return this.addMany(type, inputs, attributes, options)[0] as string
  }

  /** Adds an operator, and returns the names of its results. */
  addMany(
    type: string,
    inputs: readonly string[],
    attributes: OnnxAttributes = {},
    { domain, outputs = 1 }: OperatorOptions = {},
  ): string[] {
    const name = this.newName(`${this.node?.layer || 'model'}/${type}`)
    const output = outputs === 1 ? [name] : Array.from({ length: outputs }, (_, i) => `${name}:${i}`)
    const attribute = Object.entries(attributes).map(([key, value]) => attributeProto(key, value))
    this.nodes.push(
      create(NodeProtoSchema, { name, opType: type, input: [...inputs], output, attribute, ...(domain && { domain }) }),
    )
    return output
  }

  /** A tensor of numbers. The same small one is stored once. */
  constant(values: ConstantValues | BigInt64Array, shape: readonly number[], dtype: GraphDType | 'int64'): string {
    const key = values.length <= 64 ? `${dtype}[${shape}]${values.join()}` : undefined
    const known = key === undefined ? undefined : this.constants.get(key)
    if (known !== undefined) return known
    const name = this.newName('constant')
    const type = dtype === 'int64' ? TensorProto_DataType.INT64 : onnxTypes[dtype]
    this.initializers.push(inlineTensor(name, shape, type, values))
    if (key !== undefined) this.constants.set(key, name)
    return name
  }

  /** The same number of 4 bits throughout a matrix, stored once for each shape. */
  nibbles(value: number, [rows, columns]: readonly [rows: number, columns: number]): string {
    return this.once(`uint4[${rows},${columns}]${value}`, () => {
      const name = this.newName('constant')
      const bytes = new Uint8Array(Math.ceil((rows * columns) / 2)).fill(value * 17)
      this.initializers.push(inlineTensor(name, [rows, columns], TensorProto_DataType.UINT4, bytes))
      return name
    })
  }

  /** A list of whole numbers, as shapes and axes are given. */
  ints(values: readonly number[]): string {
    return this.constant(BigInt64Array.from(values, BigInt), [values.length], 'int64')
  }

  /** One number. */
  scalar(value: number, dtype: GraphDType = 'float32'): string {
    return this.constant(arrayTypes[dtype].of(value), [], dtype)
  }

  /** The same number throughout a tensor of this form. */
  filled(value: number, { shape, dtype }: TensorSpec): string {
    return this.add('Expand', [this.scalar(value, dtype), this.ints(shape)])
  }

  /** A value with elements of another type. */
  cast(name: string, from: GraphDType, to: GraphDType): string {
    return from === to ? name : this.add('Cast', [name], { to: onnxTypes[to] })
  }

  /** The same numbers in another shape. */
  reshape(name: string, shape: readonly number[]): string {
    return this.add('Reshape', [name, this.ints(shape)], { allowzero: shape.includes(0) ? 1 : 0 })
  }

  /** Another order of the dimensions. One that undoes an earlier one is left out, and so are both of those that cancel out. */
  transpose(name: string, perm: readonly number[], shape?: readonly number[]): string {
    const earlier = this.transposed.get(name)
    const source = earlier?.of ?? name
    const whole = earlier ? perm.map(axis => earlier.perm[axis] as number) : [...perm]
    if (whole.every((axis, i) => axis === i)) return source
    // Moving dimensions of size 1 moves no numbers.
    if (earlier === undefined && shape) {
      const kept = perm.filter(axis => shape[axis] !== 1)
      if (kept.every((axis, i) => i === 0 || axis > (kept[i - 1] as number)))
        return this.reshape(name, permute(shape, perm))
    }
    const result = this.add('Transpose', [source], { perm: whole })
    this.transposed.set(result, { of: source, perm: whole })
    return result
  }
}

/** A shape with its dimensions in another order. */
export function permute(shape: readonly number[], perm: readonly number[]): number[] {
  return perm.map(axis => shape[axis] as number)
}

function attributeProto(name: string, value: OnnxAttributes[string]): AttributeProto {
  const { FLOAT, INT, INTS, STRING } = AttributeProto_AttributeType
  if (value instanceof FloatAttribute) return create(AttributeProtoSchema, { name, type: FLOAT, f: value.value })
  if (typeof value === 'string') return create(AttributeProtoSchema, { name, type: STRING, s: Buffer.from(value) })
  if (typeof value === 'number') return create(AttributeProtoSchema, { name, type: INT, i: BigInt(value) })
  return create(AttributeProtoSchema, { name, type: INTS, ints: (value as readonly number[]).map(BigInt) })
}

/** Moves the numbers of a constant of rank 4. */
function transposeValues<T extends ConstantValues>(values: T, shape: readonly number[], perm: readonly number[]): T {
  const strides = shape.map((_, axis) => tf.util.sizeFromShape(shape.slice(axis + 1)))
  const [a = 1, b = 1, c = 1, d = 1] = permute(shape, perm)
  const [sa = 0, sb = 0, sc = 0, sd = 0] = permute(strides, perm)
  const moved = values.slice() as T
  let at = 0
  for (let i = 0; i < a; i++)
    for (let j = 0; j < b; j++)
      for (let k = 0; k < c; k++)
        for (let l = 0; l < d; l++) moved[at++] = values[i * sa + j * sb + k * sc + l * sd] as number
  return moved
}
