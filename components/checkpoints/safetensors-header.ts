/** The header of a safetensors file: says which tensors there are, and is believed only after every line of it was checked. */
import { printableName, printableValue } from '../../src/errors/printable'
import { parseJson } from '../../src/format/parse-json'
import { WEIGHT_HEADER } from '../../src/format/text-limits'
import type { FileStamp, SafetensorsTensor, WeightDType } from './checkpoint'
import { SafetensorsError } from './safetensors-error'
import { bytesPerElement, isWeightDType, WEIGHT_DTYPES } from './weight-dtypes'

/** Bytes before the header: its length as an unsigned 64-bit integer, little-endian. */
export const LENGTH_BYTES = 8

/** The longest header that is read and written, in bytes. The reference library allows 100 MB, which takes 20 s and 1.5 GB to check here. */
export const MAX_HEADER_BYTES = WEIGHT_HEADER.bytes

/** PyTorch's limit on the dimensions of a tensor. */
const MAX_DIMENSIONS = 64

/** The key of the header that holds text about the file in place of a tensor. */
export const METADATA_KEY = '__metadata__'

/** What a header says. */
export interface SafetensorsHeader {
  /** By name, in the order in which they are in the file; the scales of 8-bit floats belong to their tensors. */
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>
  readonly metadata: ReadonlyMap<string, string>
}

/**
 * Checks a header and reads it. Tensors must fill the file from the header to its end, without holes and without sharing
 * bytes, as the reference library demands.
 *
 * @param header the bytes of the header, without its length
 * @param file name of the file, for messages and for {@link SafetensorsTensor.file}
 * @param fileLength bytes of the whole file
 * @param stamp what the file is like now, for those who read from it later
 * @throws SafetensorsError
 */
export function parseHeader(
  header: Uint8Array,
  file: string,
  fileLength: number,
  stamp?: FileStamp,
): SafetensorsHeader {
  const { [METADATA_KEY]: text = {}, ...entries } = parseObject(header, file)
  const metadata = parseMetadata(text, file)
  const dataBegin = LENGTH_BYTES + header.length
  const tensors = Object.entries(entries)
    .map(([name, entry]): [string, SafetensorsTensor] => [
      name,
      { ...parseEntry(name, entry, file, dataBegin), ...(stamp && { stamp }) },
    ])
    .sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)
  checkLayout(tensors, file, dataBegin, fileLength)
  return { tensors: new Map(tensors), metadata }
}

function parseObject(header: Uint8Array, file: string): Record<string, unknown> {
  if (header[0] !== '{'.charCodeAt(0)) {
    throw new SafetensorsError(
      file,
      'invalid-header',
      'the header does not begin with "{". Is this a safetensors file?',
    )
  }
  try {
    // A text that begins with "{" parses to an object or not at all.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(header)
    return parseJson(text, WEIGHT_HEADER.values) as Record<string, unknown>
  } catch (cause) {
    throw new SafetensorsError(file, 'invalid-header', `the header is not JSON: ${(cause as Error).message}.`, {
      cause,
    })
  }
}

function parseMetadata(metadata: unknown, file: string): ReadonlyMap<string, string> {
  if (!isObject(metadata) || !Object.values(metadata).every(value => typeof value === 'string')) {
    throw new SafetensorsError(file, 'invalid-header', `"${METADATA_KEY}" must be an object of strings.`)
  }
  return new Map(Object.entries(metadata) as [string, string][])
}

function parseEntry(name: string, entry: unknown, file: string, dataBegin: number): SafetensorsTensor {
  const options = { tensor: name }
  if (!isObject(entry)) throw new SafetensorsError(file, 'invalid-header', 'is not described by an object.', options)
  const { dtype, shape, data_offsets: offsets } = entry
  if (!isWeightDType(dtype)) {
    const known = WEIGHT_DTYPES.join(', ')
    throw new SafetensorsError(
      file,
      'unknown-dtype',
      `has the type ${printableValue(dtype)}, expected one of ${known}.`,
      options,
    )
  }
  if (!isSizes(shape) || shape.length > MAX_DIMENSIONS) {
    const expected = `at most ${MAX_DIMENSIONS} whole numbers of at least 0`
    throw new SafetensorsError(
      file,
      'invalid-shape',
      `has the shape ${printableValue(shape)}, expected ${expected}.`,
      options,
    )
  }
  if (!isRange(offsets)) {
    const detail = `has the data_offsets ${printableValue(offsets)}, expected the first byte and the byte after the last.`
    throw new SafetensorsError(file, 'invalid-offsets', detail, options)
  }
  const [begin, end] = offsets
  checkSize(file, name, dtype, shape, end - begin)
  return { dtype, shape, file, begin: dataBegin + begin, end: dataBegin + end }
}

function checkSize(file: string, tensor: string, dtype: WeightDType, shape: readonly number[], bytes: number): void {
  const expected = shape.reduce((product, size) => product * size, bytesPerElement(dtype))
  if (expected !== bytes) {
    const detail = `has ${bytes} bytes, but its shape ${printableValue(shape)} of ${dtype} needs ${expected}.`
    throw new SafetensorsError(file, 'size-mismatch', detail, { tensor })
  }
}

function checkLayout(
  tensors: readonly [string, SafetensorsTensor][],
  file: string,
  dataBegin: number,
  fileLength: number,
): void {
  let position = dataBegin
  let previous = 'the header'
  for (const [tensor, { begin, end }] of tensors) {
    if (begin < position) {
      const detail = `begins at byte ${begin}, inside ${previous}, which ends at byte ${position}.`
      throw new SafetensorsError(file, 'overlap', detail, { tensor })
    }
    if (begin > position) {
      const detail = `begins at byte ${begin}, but ${previous} ends at byte ${position}: there must be no gap.`
      throw new SafetensorsError(file, 'gap', detail, { tensor })
    }
    if (end > fileLength) {
      const detail = `ends at byte ${end}, but the file has only ${fileLength}. It is incomplete: download or copy it again.`
      throw new SafetensorsError(file, 'truncated', detail, { tensor })
    }
    position = end
    previous = `tensor "${printableName(tensor)}"`
  }
  if (position < fileLength) {
    const detail = `${fileLength - position} bytes at the end belong to no tensor.`
    throw new SafetensorsError(file, 'gap', detail)
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(size => Number.isSafeInteger(size) && size >= 0)
}

function isRange(value: unknown): value is [begin: number, end: number] {
  return isSizes(value) && value.length === 2 && (value[0] as number) <= (value[1] as number)
}
