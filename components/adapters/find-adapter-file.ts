/** Finds the file of an adapter: a path, a folder that holds one, or a repository. Counterpart: loaders/lora_base.py (_best_guess_weight_name) */
import { join } from 'node:path'
import { absolutePath } from '../../src/files/absolute-path'
import { pathOf } from '../../src/files/path-of'
import { statIfThere } from '../../src/files/stat-if-there'
import { isRepositoryId, type RepositoryOptions, resolveRepository } from '../../src/hub/repository-resolver'
import { isPickleName, PickleCheckpointError } from '../checkpoints/pickle-checkpoint-error'
import { listFolder } from '../files/missing-file-error'
import { shownKeys } from './shown-keys'

/** Where an adapter of one file lies. */
export interface AdapterPlace extends RepositoryOptions {
  /** Name of the file in the folder or repository. Default: the name that diffusers saves it under, or the only safetensors file of a folder. */
  weightName?: string | undefined
  /** Folder in the folder or repository. */
  subfolder?: string | undefined
}

/** What tells one kind of adapter from another. */
export interface AdapterFileKind {
  /** The name that diffusers saves it under, if there is one. */
  readonly usualName?: string
  /** Makes the error for a file that is not there. */
  refuse(path: string, detail: string): Error
}

/**
 * Returns the path of an adapter's file, fetched if it is in a repository.
 *
 * @throws what `kind.refuse` makes if there is no such file, or the folder holds several; PickleCheckpointError if only
 * a pickle exists; what fetching throws
 */
export async function findAdapterFile(
  source: string | URL,
  { weightName, subfolder, ...options }: AdapterPlace,
  { usualName, refuse }: AdapterFileKind,
): Promise<string> {
  const path = pathOf(source, 'source')
  if (statIfThere(path)?.isFile()) return absolutePath(path)
  const name = weightName ?? usualName
  if (name !== undefined && isPickleName(name)) throw new PickleCheckpointError(join(path, subfolder ?? '', name))
  const isRepository = isRepositoryId(path)
  if (name === undefined && isRepository)
    throw refuse(path, 'is a repository. Pass the name of its file as weightName.')
  const top =
    isRepository && name !== undefined ? await resolveRepository(path, { subfolder, files: [name] }, options) : path
  const folder = absolutePath(subfolder === undefined ? top : join(top, subfolder))
  const listed = await listFolder(folder)
  if (listed === undefined) throw refuse(path, 'there is no such file or folder. Pass the path of a .safetensors file.')
  const found = listed.filter(file => file.endsWith('.safetensors'))
  // A name may begin with folders.
  if (name?.endsWith('.safetensors') && statIfThere(join(folder, name))?.isFile()) return join(folder, name)
  const pickle = listed.find(isPickleName)
  if (found.length === 0 && pickle !== undefined) throw new PickleCheckpointError(join(folder, pickle))
  if (weightName !== undefined || isRepository) {
    const held = found.length === 0 ? 'It holds no .safetensors file.' : `It holds: ${shownKeys(found)}.`
    const advice = isRepository ? 'Pass the name of its file as weightName.' : held
    throw refuse(path, `holds no file "${name}". ${advice}`)
  }
  const [only, ...others] = found
  if (only === undefined) throw refuse(path, 'holds no .safetensors file.')
  if (others.length > 0)
    throw refuse(path, `holds ${found.length} .safetensors files. Pass one of them as weightName: ${shownKeys(found)}.`)
  return join(folder, only)
}
