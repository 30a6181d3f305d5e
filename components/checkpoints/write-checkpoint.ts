/**
 * Writes the weights of a model: one file, or several with an index where they are large.
 * Counterpart: models/modeling_utils.py (save_pretrained) and huggingface_hub serialization (split_state_dict_into_shards_factory).
 */
import { join } from 'node:path'
import { setOwn } from '../../src/format/own-property'
import { writeJson } from '../configs/write-config'
import { InvalidVariantError } from './invalid-variant-error'
import { type WeightNameOptions, weightNames } from './weight-names'
import { byteLength, type WeightTensor, writeSafetensors } from './write-safetensors'

const SUFFIX = '.safetensors'

/** How a checkpoint is written. */
export interface WriteCheckpointOptions extends WeightNameOptions {
  /** The most bytes of tensors in one file. A tensor that is larger has a file of its own. */
  maxShardSize: number
  /** Text about the files. */
  metadata?: Readonly<Record<string, string>>
}

/**
 * Writes tensors into a folder, in their order: as `NAME.safetensors`, or as `NAME-00001-of-00003.safetensors` … with
 * `NAME.safetensors.index.json`, which comes last. A variant is part of the names, as in the reference.
 *
 * @throws InvalidVariantError, UnwritableFileError, SafetensorsError; what the sources of the tensors throw
 */
export async function writeCheckpoint(
  folder: string,
  tensors: Readonly<Record<string, WeightTensor>>,
  { weightsName, variant, maxShardSize, metadata }: WriteCheckpointOptions,
): Promise<void> {
  if (variant !== undefined && !/^[\w-]+(\.[\w-]+)*$/.test(variant)) throw new InvalidVariantError(variant)
  const names = weightNames({ weightsName, variant })
  const stem = names.file.slice(0, -SUFFIX.length)
  const shards = splitIntoShards(tensors, maxShardSize)
  const weightMap: Record<string, string> = {}
  for (const [i, shard] of shards.entries()) {
    const place = shards.length === 1 ? '' : `-${fiveDigits(i + 1)}-of-${fiveDigits(shards.length)}`
    const file = `${stem}${place}${SUFFIX}`
    for (const name of Object.keys(shard)) setOwn(weightMap, name, file)
    // What Python's libraries ask for before they read a file.
    await writeSafetensors(join(folder, file), shard, { format: 'pt', ...metadata })
  }
  if (shards.length === 1) return
  const totalSize = Object.values(tensors).reduce((sum, tensor) => sum + byteLength(tensor), 0)
  const index = { metadata: { total_size: totalSize }, weight_map: sortKeys(weightMap) }
  await writeJson(join(folder, names.index), index)
}

/** Fills one file after another, in the order of the tensors. */
function splitIntoShards(
  tensors: Readonly<Record<string, WeightTensor>>,
  limit: number,
): Record<string, WeightTensor>[] {
  const shards: Record<string, WeightTensor>[] = []
  let current: Record<string, WeightTensor> = {}
  let filled = 0
  for (const [name, tensor] of Object.entries(tensors)) {
    const bytes = byteLength(tensor)
    if (bytes > limit) {
      shards.push({ [name]: tensor })
      continue
    }
    if (filled + bytes > limit) {
      shards.push(current)
      current = {}
      filled = 0
    }
    setOwn(current, name, tensor)
    filled += bytes
  }
  if (Object.keys(current).length > 0 || shards.length === 0) shards.push(current)
  return shards
}

function fiveDigits(number: number): string {
  return String(number).padStart(5, '0')
}

function sortKeys(map: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)))
}
