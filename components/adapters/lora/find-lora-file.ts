/** Finds the file of a LoRA: a path, a folder that holds one, or a repository. Counterpart: loaders/lora_base.py (_best_guess_weight_name) */
import { join } from 'node:path'
import { absolutePath } from '../../../src/files/absolute-path'
import { pathOf } from '../../../src/files/path-of'
import { statIfThere } from '../../../src/files/stat-if-there'
import { isRepositoryId, type RepositoryOptions, resolveRepository } from '../../../src/hub/repository-resolver'
import { listFolder } from '../../files/missing-file-error'
import { LoraError } from './lora-error'
import { shownKeys } from './lora-family'

/** The name that diffusers saves LoRAs under. */
const USUAL_NAME = 'pytorch_lora_weights.safetensors'

/** Where a LoRA lies. */
export interface LoraPlace extends RepositoryOptions {
  /** Name of the file in the folder or repository. Default: `pytorch_lora_weights.safetensors`, or the only safetensors file of a folder. */
  weightName?: string | undefined
  /** Folder in the folder or repository. */
  subfolder?: string | undefined
}

/**
 * Returns the path of a LoRA's file, fetched if it lies in a repository.
 *
 * @throws LoraError if there is no such file, or the folder holds several; what fetching throws
 */
export async function findLoraFile(source: string | URL, place: LoraPlace = {}): Promise<string> {
  const path = pathOf(source, 'source')
  if (statIfThere(path)?.isFile()) return absolutePath(path)
  const { weightName, subfolder, ...options } = place
  const name = weightName ?? USUAL_NAME
  const isRepository = isRepositoryId(path)
  const top = isRepository ? await resolveRepository(path, { subfolder, files: [name] }, options) : path
  const folder = absolutePath(subfolder === undefined ? top : join(top, subfolder))
  const found = (await listFolder(folder))?.filter(file => file.endsWith('.safetensors'))
  if (found === undefined)
    throw new LoraError(path, 'no-file', 'there is no such file or folder. Pass the path of a .safetensors file.')
  if (found.includes(name)) return join(folder, name)
  if (weightName !== undefined || isRepository) {
    const advice = isRepository ? 'Pass the name of its file as weightName.' : `It holds: ${shownKeys(found)}.`
    throw new LoraError(path, 'no-file', `holds no file "${name}". ${advice}`)
  }
  const [only, ...others] = found
  if (only === undefined) throw new LoraError(path, 'no-file', 'holds no .safetensors file.')
  if (others.length > 0)
    throw new LoraError(
      path,
      'no-file',
      `holds ${found.length} .safetensors files. Pass one of them as weightName: ${shownKeys(found)}.`,
    )
  return join(folder, only)
}
