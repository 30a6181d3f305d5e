/** Reads the header of a file of weights, and recognises what it holds. */
import { statSync } from 'node:fs'
import { readHeaderSync, type WeightHeader } from '../checkpoints/read-header-sync'
import type { FileKind } from './file-kind'
import { recogniseFile } from './recognise-file'

/** What is known of a file without a number of it. */
export interface SingleFile extends WeightHeader {
  /** Where it lies. */
  readonly file: string
  readonly kind: FileKind
}

/** Headers that are kept: the components of a pipeline are read from one file, one after the other. */
const MOST_KEPT = 2

interface KeptFile {
  readonly stamp: string
  readonly read: SingleFile
}

const kept = new Map<string, KeptFile>()

/**
 * Reads a header, or returns the one that was read before while the file is the same.
 *
 * @throws MissingFileError, PickleCheckpointError, SafetensorsError, GGUFError
 */
export function readSingleFile(file: string): SingleFile {
  const stamp = stampOf(file)
  const known = kept.get(file)
  if (known !== undefined && known.stamp === stamp) return known.read
  const header = readHeaderSync(file)
  const read = { ...header, file, kind: recogniseFile(header.tensors, header.metadata.get('general.architecture')) }
  kept.delete(file)
  for (const oldest of [...kept.keys()].slice(0, Math.max(0, kept.size - MOST_KEPT + 1))) kept.delete(oldest)
  if (stamp !== undefined) kept.set(file, { stamp, read })
  return read
}

/** What a file is like now; `undefined` if it is not there. */
export function stampOf(file: string): string | undefined {
  const stats = statSync(file, { bigint: true, throwIfNoEntry: false })
  return stats && [stats.dev, stats.ino, stats.size, stats.mtimeNs].join(' ')
}
