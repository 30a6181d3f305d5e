/** The header of a GGUF file: checked as a whole before it is believed. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md */
import { printableName } from '../../src/errors/printable'
import { WEIGHT_HEADER } from '../../src/format/text-limits'
import { BLOCK_SIZES, GGUF_DTYPES, isBlockDType, UNREAD_GGUF_DTYPES } from './block-dtypes'
import type { FileStamp, StoredDType, TensorInfo } from './checkpoint'
import { GGUFError } from './gguf-error'
import { GGUFReader, type GGUFValue, ggufText, HeaderEnd, InvalidGGUFValue } from './gguf-values'
import { bytesOfElements } from './weight-dtypes'

/** What a GGUF file begins with. */
export const GGUF_MAGIC = 'GGUF'

/** The longest header that is read, in bytes: those of image models have less than 1 MB, those of language models with their vocabularies up to 12 MB. */
export const MAX_GGUF_HEADER = WEIGHT_HEADER.bytes

/** Tensors, and entries of the metadata, of a file at most. */
const MOST_ENTRIES = WEIGHT_HEADER.values / 10

/** ggml's limit on the dimensions of a tensor. */
const MAX_DIMENSIONS = 4

const DEFAULT_ALIGNMENT = 32
const LARGEST_ALIGNMENT = 2 ** 20

/** Metadata with the shape of a tensor that ComfyUI-GGUF stored as rows of 256. */
const SHAPE_KEY = 'comfy.gguf.orig_shape.'

const INCOMPLETE = 'It is incomplete: download or copy it again.'

/** What a header says. */
export interface GGUFHeader {
  /** By name, in the order in which the header lists them; shapes are those of PyTorch. */
  readonly tensors: ReadonlyMap<string, TensorInfo>
  readonly metadata: ReadonlyMap<string, GGUFValue>
}

/** A tensor before it is known where the header ends. */
interface Entry {
  readonly dtype: StoredDType
  readonly shape: readonly number[]
  /** Elements. */
  readonly count: number
  readonly offset: number
}

/**
 * Checks a header and reads it.
 *
 * @param bytes the file from its start; more than the header has is allowed
 * @param file for messages and for the tensors
 * @param stamp what the file is like now
 * @returns `undefined` if the header continues behind the bytes
 * @throws GGUFError
 */
export function parseGGUFHeader(bytes: Uint8Array, file: string, stamp: FileStamp): GGUFHeader | undefined {
  const reader = new GGUFReader(bytes)
  try {
    requireVersion(reader, file)
    const counts = { tensors: reader.length(), entries: reader.length() }
    for (const [what, count] of Object.entries(counts)) {
      if (count <= MOST_ENTRIES) continue
      const detail = `its header states ${count} ${what}, but at most ${MOST_ENTRIES} are allowed. It is damaged.`
      throw new GGUFError(file, 'invalid-header', detail)
    }
    const metadata = readMetadata(reader, counts.entries, file)
    const entries = readEntries(reader, counts.tensors, metadata, file)
    const alignment = alignmentOf(metadata, file)
    const dataBegin = Math.ceil(reader.position / alignment) * alignment
    const tensors = place(entries, { file, dataBegin, alignment, stamp })
    return { tensors, metadata }
  } catch (error) {
    if (error instanceof HeaderEnd) return undefined
    if (!(error instanceof InvalidGGUFValue)) throw error
    throw new GGUFError(file, 'invalid-header', `its header is damaged: ${error.message}.`, { cause: error })
  }
}

/** A value for a message. */
function textOf(value: GGUFValue): string {
  return printableName(ggufText(value))
}

/** Reads the head of the file up to the version. */
function requireVersion(reader: GGUFReader, file: string): void {
  const magic = reader.uint32()
  if (magic !== 0x46554747) {
    const detail = `does not begin with "${GGUF_MAGIC}". It is damaged, or not a GGUF file.`
    throw new GGUFError(file, 'invalid-header', detail)
  }
  const version = reader.uint32()
  if (version === 2 || version === 3) return
  const isSwapped = version !== 0 && version % 2 ** 24 === 0
  const what = isSwapped ? 'is for processors of the other byte order' : `has version ${version} of the format`
  throw new GGUFError(file, 'invalid-header', `${what}, and only versions 2 and 3 in little-endian order are read.`)
}

function readMetadata(reader: GGUFReader, count: number, file: string): ReadonlyMap<string, GGUFValue> {
  const metadata = new Map<string, GGUFValue>()
  for (let i = 0; i < count; i++) {
    const key = reader.name()
    const value = reader.value()
    if (metadata.has(key)) {
      throw new GGUFError(file, 'invalid-header', `its metadata has the key "${printableName(key)}" twice.`)
    }
    metadata.set(key, value)
  }
  return metadata
}

function readEntries(
  reader: GGUFReader,
  count: number,
  metadata: ReadonlyMap<string, GGUFValue>,
  file: string,
): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>()
  for (let i = 0; i < count; i++) {
    const tensor = reader.name()
    const entry = readEntry(reader, tensor, metadata, file)
    if (entries.has(tensor)) throw new GGUFError(file, 'invalid-header', 'appears twice.', { tensor })
    entries.set(tensor, entry)
  }
  return entries
}

function readEntry(reader: GGUFReader, tensor: string, metadata: ReadonlyMap<string, GGUFValue>, file: string): Entry {
  const dimensions = reader.uint32()
  if (dimensions > MAX_DIMENSIONS) {
    const detail = `has ${dimensions} dimensions, but at most ${MAX_DIMENSIONS} are allowed. The header is damaged.`
    throw new GGUFError(file, 'invalid-shape', detail, { tensor })
  }
  // The file lists them from the fastest to the slowest.
  const stored = Array.from({ length: dimensions }, () => reader.length()).reverse()
  const type = reader.uint32()
  const offset = reader.length()
  const dtype = GGUF_DTYPES.get(type)
  if (dtype === undefined) throw unknownType(file, tensor, type, metadata)
  const count = stored.reduce((product, size) => product * size, 1)
  if (!Number.isSafeInteger(count * 8)) {
    throw new GGUFError(file, 'invalid-shape', `has the shape ${textOf(stored)}, which is too large.`, { tensor })
  }
  if (isBlockDType(dtype) && (stored.at(-1) ?? 1) % BLOCK_SIZES[dtype].elements !== 0) {
    const detail = `has rows of ${stored.at(-1) ?? 1} elements, which is not a whole number of ${dtype} blocks of ${BLOCK_SIZES[dtype].elements}.`
    throw new GGUFError(file, 'invalid-shape', detail, { tensor })
  }
  return { dtype, shape: originalShape(file, tensor, stored, count, metadata), count, offset }
}

function unknownType(file: string, tensor: string, type: number, metadata: ReadonlyMap<string, GGUFValue>): GGUFError {
  const name = UNREAD_GGUF_DTYPES.get(type)
  const architecture = metadata.get('general.architecture')
  const model = typeof architecture === 'string' ? ` The file says that it is a "${printableName(architecture)}".` : ''
  const known = [...GGUF_DTYPES.values()].join(', ')
  const detail = `has the type ${name === undefined ? '' : `${name}, number `}${type}, expected one of ${known}.${model}`
  return new GGUFError(file, 'unknown-dtype', detail, { tensor })
}

/** The shape that a tensor had before ComfyUI-GGUF stored it as rows of 256. */
function originalShape(
  file: string,
  tensor: string,
  stored: readonly number[],
  count: number,
  metadata: ReadonlyMap<string, GGUFValue>,
): readonly number[] {
  const shape = metadata.get(SHAPE_KEY + tensor)
  if (shape === undefined) return stored
  const sizes = Array.isArray(shape) ? (shape as readonly GGUFValue[]) : []
  const product = sizes.reduce<number>((product, size) => product * (typeof size === 'number' ? size : Number.NaN), 1)
  if (
    sizes.length > 0 &&
    product === count &&
    sizes.every(size => Number.isSafeInteger(size) && (size as number) >= 0)
  ) {
    return sizes as readonly number[]
  }
  const detail = `has the shape ${textOf(stored)}, and the metadata gives it the shape ${textOf(shape)}, which has another number of elements.`
  throw new GGUFError(file, 'invalid-shape', detail, { tensor })
}

function alignmentOf(metadata: ReadonlyMap<string, GGUFValue>, file: string): number {
  const alignment = metadata.get('general.alignment') ?? DEFAULT_ALIGNMENT
  const isPower = typeof alignment === 'number' && alignment >= 1 && Number.isInteger(Math.log2(alignment))
  if (isPower && alignment <= LARGEST_ALIGNMENT) return alignment
  const detail = `"general.alignment" is ${textOf(alignment)}, expected a power of two up to ${LARGEST_ALIGNMENT}.`
  throw new GGUFError(file, 'invalid-header', detail)
}

interface Layout {
  readonly file: string
  readonly dataBegin: number
  readonly alignment: number
  readonly stamp: FileStamp
}

/** Says where each tensor lies, and makes sure that it is in the file and shares no bytes with another. */
function place(
  entries: ReadonlyMap<string, Entry>,
  { file, dataBegin, alignment, stamp }: Layout,
): ReadonlyMap<string, TensorInfo> {
  const tensors = new Map<string, TensorInfo>()
  for (const [tensor, { dtype, shape, count, offset }] of entries) {
    if (offset % alignment !== 0) {
      const detail = `begins ${offset} bytes after the header, expected a multiple of ${alignment}.`
      throw new GGUFError(file, 'invalid-offsets', detail, { tensor })
    }
    const begin = dataBegin + offset
    const end = begin + bytesOfElements(dtype, count)
    if (end > stamp.size) {
      const detail = `ends at byte ${end}, but the file has only ${stamp.size}. ${INCOMPLETE}`
      throw new GGUFError(file, 'truncated', detail, { tensor })
    }
    tensors.set(tensor, { dtype, shape, file, begin, end, stamp })
  }
  requireApart(tensors, file)
  return tensors
}

function requireApart(tensors: ReadonlyMap<string, TensorInfo>, file: string): void {
  const sorted = [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)
  for (const [i, [tensor, { begin }]] of sorted.entries()) {
    const previous = sorted[i - 1]
    if (previous === undefined || previous[1].end <= begin) continue
    const detail = `begins at byte ${begin}, inside tensor "${printableName(previous[0])}", which ends at byte ${previous[1].end}.`
    throw new GGUFError(file, 'overlap', detail, { tensor })
  }
}
