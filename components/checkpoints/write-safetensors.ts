/** Writes safetensors files. */

import { writeFileAtomically } from '../files/write-file-atomically'
import type { WeightDType } from './checkpoint'
import { LENGTH_BYTES, METADATA_KEY, parseHeader } from './safetensors-header'
import { bytesPerElement } from './weight-dtypes'

/** A tensor to be written. */
export interface WeightTensor {
  readonly dtype: WeightDType
  readonly shape: readonly number[]
  /** The numbers in row-major order, little-endian: e.g. a Float32Array for F32, a Uint16Array of bit patterns for F16. */
  readonly data: ArrayBufferView
}

/**
 * Writes tensors to a file, as a whole or not at all. Like the reference library it puts those with the largest elements
 * first, and the first of them at a multiple of 8 bytes, so that a reader can map the file into memory.
 *
 * @param metadata text about the file
 * @throws UnwritableFileError if the file cannot be written
 * @throws SafetensorsError if a tensor's data, shape and type do not agree
 */
export async function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, WeightTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const sorted = Object.entries(tensors).sort(([, a], [, b]) => bytesPerElement(b.dtype) - bytesPerElement(a.dtype))
  const header = makeHeader(sorted, metadata)
  const length = new Uint8Array(LENGTH_BYTES)
  new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true)
  const data = sorted.map(([, { data }]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  // What a reader would refuse is refused here, before the file is touched.
  parseHeader(header, path, LENGTH_BYTES + header.length + data.reduce((sum, { length }) => sum + length, 0))
  await writeFileAtomically(path, [length, header, ...data])
}

function makeHeader(tensors: readonly [string, WeightTensor][], metadata: Readonly<Record<string, string>>): Buffer {
  let begin = 0
  const entries = tensors.map(([name, { dtype, shape, data }]) => {
    const end = begin + data.byteLength
    const entry = { dtype, shape, data_offsets: [begin, end] }
    begin = end
    return [name, entry]
  })
  const json = Buffer.from(JSON.stringify(Object.fromEntries([[METADATA_KEY, metadata], ...entries])))
  const padding = (8 - (json.length % 8)) % 8
  return Buffer.concat([json, Buffer.alloc(padding, ' ')])
}
