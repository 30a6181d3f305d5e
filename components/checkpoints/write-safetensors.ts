/** Writes safetensors files. */
import { pathOf } from '../../src/files/path-of'
import { writeFileAtomically } from '../../src/files/write-file-atomically'
import type { WeightDType } from './checkpoint'
import { SafetensorsError } from './safetensors-error'
import { LENGTH_BYTES, METADATA_KEY, parseHeader } from './safetensors-header'
import { bytesPerElement } from './weight-dtypes'

/** Bytes that come piece by piece, when they are asked for. */
export type ByteSource = () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** A tensor to be written. */
export interface WeightTensor {
  readonly dtype: WeightDType
  readonly shape: readonly number[]
  /**
   * The numbers in row-major order, little-endian: e.g. a Float32Array for F32, a Uint16Array of bit patterns for F16.
   * Or a function that returns their bytes, so that not all of a file must be in memory at once.
   */
  readonly data: ArrayBufferView | ByteSource
}

/**
 * Writes tensors to a file, as a whole or not at all. As in the reference library, tensors with the largest elements
 * come first, sorted by name. The first begins at a multiple of 8 bytes, so that a reader can map the file into memory.
 *
 * @param metadata text about the file
 * @throws UnwritableFileError if the file cannot be written
 * @throws SafetensorsError if a tensor's data, shape and type do not agree; what a source of bytes throws
 */
export async function writeSafetensors(
  file: string | URL,
  tensors: Readonly<Record<string, WeightTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const path = pathOf(file, 'file')
  const sorted = Object.entries(tensors).sort(
    ([a, { dtype: ofA }], [b, { dtype: ofB }]) => bytesPerElement(ofB) - bytesPerElement(ofA) || (a < b ? -1 : 1),
  )
  const header = makeHeader(sorted, metadata)
  const length = new Uint8Array(LENGTH_BYTES)
  new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true)
  const total = sorted.reduce((sum, [, tensor]) => sum + byteLength(tensor), 0)
  // What a reader would refuse is refused here, before the file is touched.
  parseHeader(header, path, LENGTH_BYTES + header.length + total)
  await writeFileAtomically(path, fileChunks(path, [length, header], sorted))
}

/** Bytes of a tensor: those that exist, or those that its shape and type need. */
export function byteLength({ dtype, shape, data }: WeightTensor): number {
  if (typeof data !== 'function') return data.byteLength
  return shape.reduce((product, size) => product * size, bytesPerElement(dtype))
}

async function* fileChunks(
  path: string,
  head: readonly Uint8Array[],
  tensors: readonly [string, WeightTensor][],
): AsyncIterable<Uint8Array> {
  yield* head
  for (const [name, tensor] of tensors) {
    const { data } = tensor
    if (typeof data !== 'function') {
      yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      continue
    }
    let written = 0
    for await (const chunk of data()) {
      written += chunk.byteLength
      yield chunk
    }
    const expected = byteLength(tensor)
    if (written !== expected) {
      const detail = `has ${written} bytes, but its shape [${tensor.shape.join(', ')}] of ${tensor.dtype} needs ${expected}.`
      throw new SafetensorsError(path, 'size-mismatch', detail, { tensor: name })
    }
  }
}

function makeHeader(tensors: readonly [string, WeightTensor][], metadata: Readonly<Record<string, string>>): Buffer {
  let begin = 0
  const entries = tensors.map(([name, tensor]) => {
    const { dtype, shape } = tensor
    const end = begin + byteLength(tensor)
    const entry = { dtype, shape, data_offsets: [begin, end] }
    begin = end
    return [name, entry]
  })
  const json = Buffer.from(JSON.stringify(Object.fromEntries([[METADATA_KEY, metadata], ...entries])))
  const padding = (8 - (json.length % 8)) % 8
  return Buffer.concat([json, Buffer.alloc(padding, ' ')])
}
