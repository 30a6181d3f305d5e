/** Writes a recorded model as an ONNX model. */
import { create, toBinary } from '@bufbuild/protobuf'
import { toSnakeCase } from '../../../src/format/wire-names'
import { runAtOnce } from '../../../src/runtime/time-slice'
import type { RowDType, TensorInfo } from '../../checkpoints/checkpoint'
import { readBytesSync } from '../../checkpoints/read-tensor-sync'
import { INT4_BLOCK, scalesShape } from '../../checkpoints/row-scales'
import type { FloatDType } from '../../checkpoints/weight-dtypes'
import type { Parameter } from '../../nn/parameter'
import { UnquantizableWeightError } from '../../quantization/quantization-errors'
import type { WeightForms } from '../../quantization/quantization-names'
import type { QuantizedBlocks } from '../../quantization/quantize-blocks'
import type { QuantizedRows } from '../../quantization/quantize-rows'
import { quantizeLoop } from '../../quantization/quantized-parameter'
import type { Graph, GraphValue } from '../recorder/graph'
import {
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataType,
  type ValueInfoProto,
} from './generated/onnx_pb'
import {
  type BuilderOptions,
  CHANNELS_FIRST,
  MICROSOFT,
  OnnxBuilder,
  type Order,
  permute,
  type QuantizedWeight,
  type QuantizedWeightWriter,
  type StoredWeight,
  type WeightWriter,
} from './onnx-builder'
import { operatorWriters } from './operators'
import { tiledWeights } from './operators/tiled-convolutions'
import { storedSource } from './side-file'
import { externalTensor, inlineTensor, onnxTypes, typedValue, valueInfo, weightTypes } from './tensor-proto'

/** Versions that ONNX Runtime 1.17 and later, and Python's onnx 1.15 and later, read. */
export const OPSETS = {
  irVersion: 9n,
  opsetImport: [
    { domain: '', version: 19n },
    { domain: MICROSOFT, version: 1n },
  ],
}

/** Those that have tensors of 4 bits. */
const OPSETS_OF_4_BITS = {
  irVersion: 10n,
  opsetImport: [
    { domain: '', version: 21n },
    { domain: MICROSOFT, version: 1n },
  ],
}

/** A stretch of a file of weights. */
type WeightPlace = Pick<TensorInfo, 'file' | 'begin' | 'end'>

/** Options of {@link writeOnnx}. */
export interface WriteOnnxOptions extends BuilderOptions {
  /**
   * How the model refers to a file of weights: a path relative to the folder that is passed to the runtime. By default the weights become part of the
   * model.
   */
  locate?: (info: TensorInfo) => WeightPlace
  /** The weights that are stored in integers. Those that operators do not take so are decoded whenever the graph runs. */
  forms?: WeightForms
  /** Where the scales of a quantized weight lie, as float32, and its integers. By default, and for `undefined`, both become part of the model. */
  locateQuantized?: (parameter: Parameter) => { scales: WeightPlace; values: WeightPlace } | undefined
  /** The same for weights in memory, whose numbers are there as float32. */
  locateMemory?: (parameter: Parameter) => WeightPlace
  /**
   * Tells which weights of half precision stay as they are, and are widened whenever the graph runs. The runtime widens the others once,
   * when it makes a session, and holds them twice as large. By default none stay.
   */
  keepHalf?: (weight: Parameter) => boolean
  /**
   * Writes a model for others to read. Inputs and outputs have PyTorch's names and order of dimensions
   * (`encoder_hidden_states`, `[batch, channels, height, width]`). Every value between the operators has its shape. By
   * default the model is as the recording has it.
   */
  toPyTorchLayout?: boolean
}

/** The model as a message. */
export function writeOnnx(graph: Graph, options: WriteOnnxOptions): ModelProto {
  return runAtOnce(writeOnnxLoop(graph, options))
}

/** The loop of {@link writeOnnx}, in pieces. */
export function* writeOnnxLoop(
  graph: Graph,
  {
    locate,
    locateMemory,
    locateQuantized,
    forms = new Map(),
    keepHalf = () => false,
    toPyTorchLayout = false,
    ...operators
  }: WriteOnnxOptions,
): Generator<void, ModelProto, void> {
  const places = { locate, locateMemory }
  const parameters = new Map<string, Parameter>()
  const writeQuantized = quantizedWeightWriter(graph.model, forms, locateQuantized)
  const decoded = new Set<string>()
  const writeFloats: WeightWriter = (builder, value, rows) => {
    const form = forms.get(weightOrigin(value).parameter)
    if (form) {
      const weight = writeQuantized(builder, value, rows, 'decoded')
      decoded.add(weight.values)
      const [begin, end] = rows ?? [0, value.shape[0] as number]
      return { name: decode(builder, { ...weight, rows: end - begin }, form, value.shape), type: onnxTypes.float32 }
    }
    const { stored, parameter } = writeWeight(builder, value, places, rows)
    parameters.set(stored.name, parameter)
    return castWeight(builder, stored, parameter)
  }
  const builder = new OnnxBuilder(writeFloats, writeQuantized, operators)
  const inputs = graph.inputs.map(port => describePort(port, builder, toPyTorchLayout))
  const outputs = graph.outputs.map(port => describePort(port, builder, toPyTorchLayout))
  for (const { name, value, order } of inputs) builder.bind(value, name, order)
  for (const node of graph.nodes) {
    builder.begin(node)
    operatorWriters[node.kernel]?.(node, builder)
    yield
  }
  for (const { name, value, order } of outputs) {
    const result = order === 'channelsFirst' ? builder.channelsFirst(value) : builder.plain(value)
    const node = { name: builder.newName('result/Identity'), opType: 'Identity', input: [result], output: [name] }
    builder.nodes.push(create(NodeProtoSchema, node))
  }
  const { nodes, used } = prune(builder.nodes, new Set(outputs.map(({ name }) => name)))
  const initializer = builder.initializers.filter(({ name }) => used.has(name))
  // Weights alone are of half precision.
  const staysHalf = ({ name, dataType }: TensorProto) => isHalf(dataType) && keepHalf(parameters.get(name) as Parameter)
  // They are read and transformed in each run: copies of them would only take memory.
  const tiled = tiledWeights(graph, operators)
  const isTiled = ({ name }: TensorProto) => tiled.has(parameters.get(name) as Parameter)
  const isReplaceable = (tensor: TensorProto) =>
    decoded.has(tensor.name) || builder.replaceable.has(tensor.name) || staysHalf(tensor) || isTiled(tensor)
  const has4Bits = initializer.some(({ dataType }) => dataType === TensorProto_DataType.UINT4)
  return create(ModelProtoSchema, {
    ...(has4Bits ? OPSETS_OF_4_BITS : OPSETS),
    producerName: 'tesserae',
    graph: {
      name: graph.model,
      node: weightsFirst(nodes, new Set(initializer.map(({ name }) => name))),
      initializer,
      input: [
        ...inputs.map(({ name, shape, value }) => valueInfo(name, { shape, dtype: value.dtype })),
        // As inputs with a default: the runtime does not compute in advance what a caller could replace. Otherwise it may widen, decode or
        // transform them once, and keep them two to eight times as large.
        ...initializer.filter(isReplaceable).map(declared),
      ],
      output: outputs.map(({ name, shape, value }) => valueInfo(name, { shape, dtype: value.dtype })),
      valueInfo: toPyTorchLayout ? builder.describeValues().filter(({ name }) => used.has(name)) : [],
    },
  })
}

/** An input or a result of the written model. */
interface Port {
  readonly name: string
  readonly value: GraphValue
  readonly order: Order
  readonly shape: readonly number[]
}

/** The names of callers are kept where they can be: in a graph, inputs, results and weights must all have different ones. */
function describePort({ name, value }: Graph['inputs'][number], builder: OnnxBuilder, toPyTorchLayout: boolean): Port {
  if (!toPyTorchLayout) return { name: builder.claim(name), value, order: 'channelsLast', shape: value.shape }
  const isMap = value.shape.length === 4
  const shape = isMap ? permute(value.shape, CHANNELS_FIRST) : value.shape
  return { name: builder.claim(toSnakeCase(name)), value, order: isMap ? 'channelsFirst' : 'channelsLast', shape }
}

/** Leaves out operators whose results nothing uses, such as a transposition that another one has undone, and names what is used. */
function prune(written: readonly NodeProto[], used: Set<string>): { nodes: NodeProto[]; used: ReadonlySet<string> } {
  const nodes = written.toReversed().filter(({ output, input }) => {
    if (!output.some(name => used.has(name))) return false
    for (const name of input) used.add(name)
    return true
  })
  return { nodes: nodes.reverse(), used }
}

/**
 * Puts operators that depend on weights alone before the rest. ONNX Runtime works backwards from the results, and first
 * computes the last input of an operator. So a weight is widened when it is needed, not when the run begins, and is
 * freed after its use.
 */
function weightsFirst(nodes: readonly NodeProto[], known: Set<string>): NodeProto[] {
  const first: NodeProto[] = []
  const rest: NodeProto[] = []
  for (const node of nodes) {
    const isOfWeights = node.input.length > 0 && node.input.every(name => name === '' || known.has(name))
    if (isOfWeights) for (const name of node.output) known.add(name)
    ;(isOfWeights ? first : rest).push(node)
  }
  return [...first, ...rest]
}

/** The declaration of a weight as an input. */
function declared({ name, dataType, dims }: TensorProto): ValueInfoProto {
  return typedValue(name, dataType, dims)
}

function isHalf(type: number): boolean {
  return type === weightTypes.F16 || type === weightTypes.BF16
}

/** The bytes of a model. */
export function encodeOnnx(model: ModelProto): Uint8Array {
  return toBinary(ModelProtoSchema, model)
}

type WeightPlaces = Record<'locate', WriteOnnxOptions['locate']> &
  Record<'locateMemory', WriteOnnxOptions['locateMemory']>

/** Rounds a weight from a file as its parameter does. */
function castWeight(builder: OnnxBuilder, stored: StoredWeight, parameter: Parameter): StoredWeight {
  // Numbers from memory are cast already.
  const roundings = parameter.source ? parameter.cast.roundings : []
  return roundings.reduce(({ name }, rounding) => {
    const type = weightTypes[rounding]
    return { name: builder.add('Cast', [name], { to: type }), type }
  }, stored)
}

function weightOrigin({ origin }: GraphValue): Extract<GraphValue['origin'], { kind: 'parameter' }> {
  if (origin.kind !== 'parameter') throw new Error('Only parameters are weights.')
  return origin
}

/** Stores rows of a weight: a stretch of a file, or numbers that become a part of the model. */
function storeRows(
  builder: OnnxBuilder,
  { name, shape, type }: { name: string; shape: readonly number[]; type: number },
  { begin, end, length }: { begin: number; end: number; length: number },
  content: WeightPlace | Uint8Array | Int8Array | Float32Array,
): void {
  if ('file' in content) {
    const row = (content.end - content.begin) / length
    const stretch = { file: content.file, begin: content.begin + begin * row, end: content.begin + end * row }
    builder.initializers.push(externalTensor(name, shape, type, stretch))
  } else {
    const row = content.length / length
    builder.initializers.push(inlineTensor(name, shape, type, content.subarray(begin * row, end * row)))
  }
}

/** Stores a weight as it is in its file, or some rows of it. */
function writeWeight(
  builder: OnnxBuilder,
  value: GraphValue,
  places: WeightPlaces,
  rows?: readonly [begin: number, end: number],
): { stored: StoredWeight; parameter: Parameter } {
  const { locate, locateMemory } = places
  const origin = weightOrigin(value)
  const { parameter } = origin
  const source = storedSource(parameter)
  const [length = 1, ...rest] = parameter.shape
  const [begin, end] = rows ?? [0, length]
  const shape = parameter.shape.length === 0 ? [] : [end - begin, ...rest]
  const name = builder.claim(rows ? `${origin.name}[${begin}:${end}]` : origin.name)
  const type = source ? weightTypes[source.dtype as FloatDType] : onnxTypes.float32
  const place = source ? locate?.(source) : locateMemory?.(parameter)
  const content = place ?? (source ? new Uint8Array(readBytesSync(source)) : parameter.read())
  storeRows(builder, { name, shape, type }, { begin, end, length }, content)
  return { stored: { name, type }, parameter }
}

/** Writes the integers and scales of weights: packed as `[out, blocks, bytes]` where operators take 4 bits so, or as a matrix that is decoded. */
type FormWriter = (
  ...args: [...Parameters<QuantizedWeightWriter>, use?: 'packed' | 'decoded']
) => ReturnType<QuantizedWeightWriter>

/** Writes quantized weights. Each is rounded once. @throws UnquantizableWeightError */
function quantizedWeightWriter(
  model: string,
  forms: WeightForms,
  locate: WriteOnnxOptions['locateQuantized'],
): FormWriter {
  const quantized = new Map<Parameter, QuantizedRows | QuantizedBlocks>()
  const read = (name: string, parameter: Parameter, form: RowDType) => {
    const known = quantized.get(parameter)
    if (known) return known
    const made = runAtOnce(quantizeLoop(parameter.read(), form, parameter.shape))
    if (made === undefined) throw new UnquantizableWeightError(model, name)
    quantized.set(parameter, made)
    return made
  }
  return (builder, value, rows, use = 'packed') => {
    const { name: weight, parameter } = weightOrigin(value)
    const form = forms.get(parameter) as RowDType // Only such weights are asked for.
    const [length = 1] = parameter.shape
    const [begin, end] = rows ?? [0, length]
    const claim = (part: string) => builder.claim(`${weight}${rows ? `[${begin}:${end}]` : ''}.${part}`)
    const names = { values: claim(form === 'I8_ROWS' ? 'int8' : 'int4'), scales: claim('scales') }
    const place = locate?.(parameter)
    const types = { values: integerType(form, use), scales: onnxTypes.float32 }
    const shapes = { values: integerShape(form, use, parameter.shape), scales: scalesShape(form, parameter.shape) }
    for (const part of ['values', 'scales'] as const) {
      const content = place ? place[part] : read(weight, parameter, form)[part]
      const shape = [end - begin, ...shapes[part].slice(1)]
      storeRows(builder, { name: names[part], shape, type: types[part] }, { begin, end, length }, content)
    }
    return names
  }
}

function integerType(form: RowDType, use: 'packed' | 'decoded'): TensorProto_DataType {
  if (form === 'I8_ROWS') return TensorProto_DataType.INT8
  return use === 'packed' ? TensorProto_DataType.UINT8 : TensorProto_DataType.UINT4
}

function integerShape(form: RowDType, use: 'packed' | 'decoded', shape: readonly number[]): number[] {
  if (form === 'I8_ROWS') return [...shape]
  const [out = 1, blocks = 1] = scalesShape(form, shape)
  return use === 'packed' ? [out, blocks, INT4_BLOCK / 2] : [out, blocks * INT4_BLOCK]
}

/** Decodes a weight, or some of its rows. Returns the name of float32. */
function decode(
  builder: OnnxBuilder,
  { values, scales, rows }: QuantizedWeight & { rows: number },
  form: RowDType,
  shape: readonly number[],
): string {
  if (form === 'I8_ROWS') return builder.add('DequantizeLinear', [values, scales], { axis: 0 })
  const [, blocks = 1] = scalesShape(form, shape)
  const zero = builder.nibbles(8, [rows, blocks])
  const decoded = builder.add('DequantizeLinear', [values, scales, zero], { axis: 1, block_size: INT4_BLOCK })
  if (shape.length === 2) return decoded
  const [, into = 1, ...window] = shape
  return builder.transpose(builder.reshape(decoded, [rows, ...window, into]), [0, 3, 1, 2])
}
