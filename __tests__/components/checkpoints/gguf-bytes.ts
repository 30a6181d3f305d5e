/** GGUF files made by hand, right and wrong. */
import { float16Values } from '../../../components/checkpoints/float16-values'
import { fromFloat32 } from '../../../components/checkpoints/weight-dtypes'

/** A value of the metadata with its type. */
export type TypedValue =
  | readonly [type: 'string', value: string]
  | readonly [type: 'uint32', value: number]
  | readonly [type: 'ints', value: readonly number[]]
  | readonly [type: 'raw', value: Uint8Array]

/** A tensor to be written. */
export interface GGUFTensor {
  /** Number of the type. */
  readonly type: number
  /** As PyTorch has it. */
  readonly shape: readonly number[]
  readonly data: Uint8Array
  /** Where it begins behind the header. Default: the next multiple of the alignment. */
  readonly offset?: number
}

/** What a file is made of. */
export interface GGUFParts {
  readonly metadata?: Readonly<Record<string, TypedValue>>
  readonly tensors?: Readonly<Record<string, GGUFTensor>>
  readonly magic?: string
  readonly version?: number
  readonly counts?: readonly [tensors: bigint, entries: bigint]
}

const ALIGNMENT = 32

/** Makes a file. */
export function ggufBytes({ metadata = {}, tensors = {}, magic = 'GGUF', version = 3, counts }: GGUFParts): Buffer {
  const names = Object.keys(tensors)
  const keys = Object.keys(metadata)
  const [tensorCount, entryCount] = counts ?? [BigInt(names.length), BigInt(keys.length)]
  const parts: Uint8Array[] = [Buffer.from(magic, 'latin1'), uint32(version), uint64(tensorCount), uint64(entryCount)]
  for (const [key, value] of Object.entries(metadata)) parts.push(text(key), ...typed(value))
  let position = 0
  const data: Uint8Array[] = []
  for (const [name, tensor] of Object.entries(tensors)) {
    const begin = Math.ceil(position / ALIGNMENT) * ALIGNMENT
    data.push(Buffer.alloc(begin - position), tensor.data)
    position = begin + tensor.data.length
    const sizes = tensor.shape.toReversed().map(size => uint64(BigInt(size)))
    parts.push(
      text(name),
      uint32(tensor.shape.length),
      ...sizes,
      uint32(tensor.type),
      uint64(BigInt(tensor.offset ?? begin)),
    )
  }
  const header = Buffer.concat(parts)
  const padding = Buffer.alloc((ALIGNMENT - (header.length % ALIGNMENT)) % ALIGNMENT)
  return Buffer.concat([header, padding, ...data])
}

/** Numbers as the type F32, number 0. */
export function plain(shape: readonly number[], values: Float32Array): GGUFTensor {
  return { type: 0, shape, data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) }
}

/** Numbers as the type Q8_0, number 8: of each 32 the nearest multiple of a float16. */
export function q8_0(shape: readonly number[], values: Float32Array): GGUFTensor {
  const data = new Uint8Array((values.length / 32) * 34)
  for (let block = 0; block < values.length / 32; block++) {
    const part = values.subarray(32 * block, 32 * block + 32)
    const [bits = 0] = fromFloat32('F16', Float32Array.of(Math.max(...part.map(Math.abs)) / 127)) as Uint16Array
    const scale = float16Values()[bits] as number
    data.set([bits & 255, bits >> 8], 34 * block)
    for (const [i, value] of part.entries()) data[34 * block + 2 + i] = scale === 0 ? 0 : Math.round(value / scale)
  }
  return { type: 8, shape, data }
}

/** A text with its length. */
export function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([uint64(BigInt(bytes.length)), bytes])
}

/** Four bytes. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** Eight bytes. */
export function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return bytes
}

function typed([type, value]: TypedValue): Uint8Array[] {
  switch (type) {
    case 'string':
      return [uint32(8), text(value)]
    case 'uint32':
      return [uint32(4), uint32(value)]
    case 'ints':
      return [uint32(9), uint32(5), uint64(BigInt(value.length)), Buffer.from(Int32Array.from(value).buffer)]
    case 'raw':
      return [value]
  }
}
