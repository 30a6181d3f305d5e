/**
 * Finds the weights of a model in its folder: one file, or several with an index.
 * Counterpart: diffusers models/model_loading_utils.py (_get_model_file, _fetch_index_file).
 */

import { join } from 'node:path'
import { pathOf } from '../../src/files/path-of'
import { listFolder, MissingFileError } from '../files/missing-file-error'
import type { SafetensorsCheckpoint } from './checkpoint'
import { isPickleName, PickleCheckpointError } from './pickle-checkpoint-error'
import { SafetensorsFile } from './safetensors-file'
import { ShardedCheckpoint } from './sharded-checkpoint'
import { isWeightIndex, pickleCandidates, type WeightNameOptions, weightCandidates } from './weight-names'

/**
 * Opens the weights in a folder. Where it holds the single file and an index as well, it opens the one that Python's loader of that class reads.
 *
 * @throws MissingFileError if the folder holds neither the file nor the index
 * @throws PickleCheckpointError if it holds a pickle in their place
 * @throws SafetensorsError if what is found is not right
 */
export async function openCheckpoint(path: string | URL, options: WeightNameOptions): Promise<SafetensorsCheckpoint> {
  const folder = pathOf(path)
  const found = await listFolder(folder)
  const name = weightCandidates(options).find(candidate => found?.includes(candidate))
  if (name === undefined) throw missingWeights(folder, options, found)
  return isWeightIndex(name) ? ShardedCheckpoint.open(join(folder, name)) : SafetensorsFile.open(join(folder, name))
}

/** Why there is nothing to open in a folder that holds other files. */
export function missingWeights(
  folder: string,
  options: WeightNameOptions,
  found: readonly string[] | undefined,
): PickleCheckpointError | MissingFileError {
  const hasSafetensors = found?.some(name => name.endsWith('.safetensors'))
  const pickle =
    pickleCandidates(options).find(name => found?.includes(name)) ??
    (hasSafetensors ? undefined : found?.find(isPickleName))
  if (pickle !== undefined) return new PickleCheckpointError(join(folder, pickle))
  return new MissingFileError(folder, weightCandidates(options), found, variantAdvice(options.weightsName, found ?? []))
}

function variantAdvice(weightsName: string, found: readonly string[]): string {
  const prefix = `${weightsName}.`
  const suffix = '.safetensors'
  const name = found.find(
    name => name.startsWith(prefix) && name.endsWith(suffix) && name.length > prefix.length + suffix.length,
  )
  const variant = name?.slice(prefix.length, -suffix.length)
  return variant === undefined ? '' : `To load the variant that exists, ask for variant "${variant}".`
}
