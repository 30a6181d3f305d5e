/** Reads the header of a file of weights at once, for those who make a pipeline without waiting. */
import { closeSync, fstatSync } from 'node:fs'
import type { FileStamp, TensorInfo } from './checkpoint'
import { withFloat8Scales } from './float8-scales'
import { GGUFError } from './gguf-error'
import { type GGUFHeader, MAX_GGUF_HEADER, parseGGUFHeader } from './gguf-header'
import { isGGUFName } from './gguf-name'
import { ggufText } from './gguf-values'
import { headerLength, requireLengthBytes } from './header-length'
import { openForReadingSync, readFullySync } from './open-file-sync'
import { isPickleName, PickleCheckpointError } from './pickle-checkpoint-error'
import { LENGTH_BYTES, parseHeader } from './safetensors-header'

/** What the header of a file of weights says, whatever its format is. */
export interface WeightHeader {
  readonly tensors: ReadonlyMap<string, TensorInfo>
  /** Text that the writer of the file left in it. */
  readonly metadata: ReadonlyMap<string, string>
}

/** Bytes of a GGUF file that are read first: its header does not say how long it is. */
const FIRST_BYTES = 2 ** 16

/**
 * Reads the header of a safetensors file, or of a GGUF file, and nothing else of it.
 *
 * @throws MissingFileError if there is no such file
 * @throws PickleCheckpointError for a file named like a pickle
 * @throws SafetensorsError, GGUFError if the header, or the file's length, is not right
 */
export function readHeaderSync(path: string): WeightHeader {
  if (isPickleName(path)) throw new PickleCheckpointError(path)
  if (!isGGUFName(path)) return withFile(path, readSafetensors)
  const { tensors, metadata } = readGGUFHeaderSync(path)
  return { tensors, metadata: new Map([...metadata].map(([key, value]) => [key, ggufText(value)])) }
}

/**
 * Reads the header of a GGUF file, whose metadata have types.
 *
 * @throws MissingFileError if there is no such file
 * @throws GGUFError if the header, or the file's length, is not right
 */
export function readGGUFHeaderSync(path: string): GGUFHeader {
  return withFile(path, readGGUF)
}

function withFile<T>(path: string, read: (path: string, descriptor: number, stamp: FileStamp) => T): T {
  const descriptor = openForReadingSync(path)
  try {
    const { size, mtimeMs: modified } = fstatSync(descriptor)
    return read(path, descriptor, { size, modified })
  } finally {
    closeSync(descriptor)
  }
}

function readSafetensors(path: string, descriptor: number, stamp: FileStamp): WeightHeader {
  requireLengthBytes(path, stamp.size)
  const start = new Uint8Array(LENGTH_BYTES)
  readFullySync(path, descriptor, start, 0)
  const header = new Uint8Array(headerLength(path, start, stamp.size))
  readFullySync(path, descriptor, header, LENGTH_BYTES)
  const { tensors, metadata } = parseHeader(header, path, stamp.size, stamp)
  return { tensors: withFloat8Scales(tensors, path), metadata }
}

function readGGUF(path: string, descriptor: number, stamp: FileStamp): GGUFHeader {
  const most = Math.min(stamp.size, MAX_GGUF_HEADER)
  for (let length = Math.min(FIRST_BYTES, most); ; length = Math.min(4 * length, most)) {
    const bytes = new Uint8Array(length)
    readFullySync(path, descriptor, bytes, 0)
    const header = parseGGUFHeader(bytes, path, stamp)
    if (header !== undefined) return header
    if (length < most) continue
    if (most < stamp.size) {
      const detail = `its header has more than ${MAX_GGUF_HEADER} bytes, which is not allowed. It is damaged, or not an image model.`
      throw new GGUFError(path, 'header-too-large', detail)
    }
    const detail = `its header continues past the end of the file, which has ${stamp.size} bytes. It is incomplete: download or copy it again.`
    throw new GGUFError(path, 'truncated', detail)
  }
}
