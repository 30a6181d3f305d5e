/**
 * Finds the weights of a model in its folder: one file, or several with an index.
 * Counterpart: diffusers models/model_loading_utils.py (_get_model_file, _fetch_index_file).
 */
import { join } from 'node:path'
import { listFolder, MissingFileError } from '../files/missing-file-error'
import type { Checkpoint } from './checkpoint'
import { isPickleName, PickleCheckpointError } from './pickle-checkpoint-error'
import { SafetensorsFile } from './safetensors-file'
import { ShardedCheckpoint } from './sharded-checkpoint'

/** Which of a folder's weights to open. */
export interface OpenCheckpointOptions {
  /** What the files' names begin with: `diffusion_pytorch_model` in diffusers' models, `model` in transformers'. */
  weightsName: 'diffusion_pytorch_model' | 'model'
  /** E.g. `fp16` for `model.fp16.safetensors`. Default: the files without a variant. */
  variant?: string | undefined
}

/**
 * Opens the weights in a folder. The single file is preferred where there is an index as well.
 *
 * @throws MissingFileError if the folder holds neither the file nor the index
 * @throws PickleCheckpointError if it holds a pickle in their place
 * @throws SafetensorsError if what is found is not right
 */
export async function openCheckpoint(
  folder: string,
  { weightsName, variant }: OpenCheckpointOptions,
): Promise<Checkpoint> {
  const { file, index } = weightNames({ weightsName, variant })
  const found = await listFolder(folder)
  if (found?.includes(file)) return SafetensorsFile.open(join(folder, file))
  if (found?.includes(index)) return ShardedCheckpoint.open(join(folder, index))
  throw missingWeights(folder, { weightsName, variant }, found)
}

/** The names that weights can have: that of the single file, and that of the index of several. */
export function weightNames({ weightsName, variant }: OpenCheckpointOptions): { file: string; index: string } {
  const infix = variant === undefined ? '' : `.${variant}`
  return { file: `${weightsName}${infix}.safetensors`, index: `${weightsName}.safetensors.index${infix}.json` }
}

/** Why there is nothing to open in a folder that holds other files. */
export function missingWeights(
  folder: string,
  options: OpenCheckpointOptions,
  found: readonly string[] | undefined,
): PickleCheckpointError | MissingFileError {
  const { file, index } = weightNames(options)
  const pickle = found?.find(isPickleName)
  if (pickle !== undefined && !found?.some(name => name.endsWith('.safetensors'))) {
    return new PickleCheckpointError(join(folder, pickle))
  }
  return new MissingFileError(folder, [file, index], found, variantAdvice(options.weightsName, found ?? []))
}

function variantAdvice(weightsName: string, found: readonly string[]): string {
  const prefix = `${weightsName}.`
  const suffix = '.safetensors'
  const name = found.find(
    name => name.startsWith(prefix) && name.endsWith(suffix) && name.length > prefix.length + suffix.length,
  )
  const variant = name?.slice(prefix.length, -suffix.length)
  return variant === undefined ? '' : `To load the variant that is there, ask for variant "${variant}".`
}
