/** Tensors inside an ONNX model: small ones with their numbers, weights by their place in a file, others by their shapes. */
import { create } from '@bufbuild/protobuf'
import type { TensorInfo, WeightDType } from '../../checkpoints/checkpoint'
import type { GraphDType, TensorSpec } from '../recorder/graph'
import {
  type TensorProto,
  TensorProto_DataLocation,
  TensorProto_DataType,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './generated/onnx_pb'

/** ONNX's element types by ours. */
export const onnxTypes: Readonly<Record<GraphDType, TensorProto_DataType>> = {
  float32: TensorProto_DataType.FLOAT,
  int32: TensorProto_DataType.INT32,
  bool: TensorProto_DataType.BOOL,
}

/** ONNX's element types by those of weights; only floats can be weights of a layer. */
export const weightTypes = {
  F64: TensorProto_DataType.DOUBLE,
  F32: TensorProto_DataType.FLOAT,
  F16: TensorProto_DataType.FLOAT16,
  BF16: TensorProto_DataType.BFLOAT16,
} as const satisfies Partial<Record<WeightDType, TensorProto_DataType>>

/** A tensor whose numbers are in the model. */
export function inlineTensor(
  name: string,
  shape: readonly number[],
  type: TensorProto_DataType,
  values: ArrayBufferView,
): TensorProto {
  const rawData = new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength)
  return create(TensorProtoSchema, { name, dims: shape.map(BigInt), dataType: type, rawData })
}

/** A tensor whose numbers are in another file. The model holds its name, relative to a folder that is passed to the runtime. */
export function externalTensor(
  name: string,
  shape: readonly number[],
  type: TensorProto_DataType,
  { file, begin, end }: Pick<TensorInfo, 'file' | 'begin' | 'end'>,
): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims: shape.map(BigInt),
    dataType: type,
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: [
      { key: 'location', value: file },
      { key: 'offset', value: String(begin) },
      { key: 'length', value: String(end - begin) },
    ],
  })
}

/** What is known of an input, a result or a value between them. */
export function valueInfo(name: string, { shape, dtype }: TensorSpec): ValueInfoProto {
  return typedValue(name, onnxTypes[dtype], shape.map(BigInt))
}

/** The same for any of ONNX's element types. */
export function typedValue(name: string, elemType: TensorProto_DataType, dims: readonly bigint[]): ValueInfoProto {
  const tensorType = { elemType, shape: { dim: dims.map(value => ({ value: { case: 'dimValue' as const, value } })) } }
  return create(ValueInfoProtoSchema, { name, type: { value: { case: 'tensorType', value: tensorType } } })
}
