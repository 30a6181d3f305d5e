/** Tensors inside an ONNX model: small ones with their numbers, weights by their place in a file. */
import { create } from '@bufbuild/protobuf'
import type { TensorInfo, WeightDType } from '../../checkpoints/checkpoint'
import type { GraphDType } from '../recorder/graph'
import {
  type TensorProto,
  TensorProto_DataLocation,
  TensorProto_DataType,
  TensorProtoSchema,
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
