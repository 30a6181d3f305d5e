/** Where the weights of a model are in a file: whole tensors, or parts of them. */
import type { TensorInfo } from '../checkpoints/checkpoint'
import { splitRows } from '../checkpoints/checkpoint-view'
import { weightFileError } from '../checkpoints/format-errors'
import type { KeySource } from './key-source'

/** Names that a model gives to tensors of a file. */
export interface MappedKeys {
  /** Name → tensor of the file, or a part of one. */
  readonly sources: ReadonlyMap<string, KeySource>
  /** Keys of the file that no weight stands for. */
  readonly others: readonly string[]
}

/**
 * Returns the ranges of a file by the names that a model gives them, and the tensors that no weight stands for by their keys.
 *
 * @param file for errors
 * @param tensors those of its header
 * @throws WeightFileError for a tensor that does not have the parts which the mapping names
 */
export function fileRanges(
  file: string,
  tensors: ReadonlyMap<string, TensorInfo>,
  { sources, others }: MappedKeys,
): ReadonlyMap<string, TensorInfo> {
  const stored = (key: string): TensorInfo => {
    const info = tensors.get(key)
    if (info) return info
    throw weightFileError(file, 'missing-tensor', 'is not in this file.', { tensor: key })
  }
  return new Map([
    ...[...sources].map(([name, source]) => [name, rangeOf(stored(source.key), source)] as const),
    ...others.map(key => [key, stored(key)] as const),
  ])
}

function rangeOf(info: TensorInfo, { key, part, isTransposed, shape }: KeySource): TensorInfo {
  if (shape !== undefined) return { ...info, shape }
  if (isTransposed && info.shape.length === 2) return { ...info, shape: info.shape.toReversed(), isTransposed }
  return part === undefined ? info : (splitRows(info, part.of, key)[part.index] as TensorInfo)
}
