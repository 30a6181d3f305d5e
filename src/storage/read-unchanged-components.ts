/** Reads components of one model, between two saves by others. */
import { join } from 'node:path'
import { readUnchanged } from '../files/folder-stamp'
import { isRepositoryId } from '../hub/repository-resolver'
import type { ComponentSpec } from '../params/component-spec'

/**
 * Reads components; where their folders changed meanwhile, reads them again. A save by another process in between would give components of two saves,
 * which fit in form.
 *
 * @param specs where the components lie
 * @param read gets the folders on this machine that they are in
 * @returns whether the folders stayed as they were; they may change each time
 */
export async function readUnchangedComponents(
  specs: readonly ComponentSpec[],
  read: (folders: readonly string[]) => Promise<void>,
): Promise<boolean> {
  const folders = [...new Set(specs.flatMap(foldersOf))]
  const { isUnchanged } = await readUnchanged(
    folders,
    () => read(folders),
    () => undefined,
  )
  return isUnchanged
}

/** The folders on this machine that a component is read from: its own, and the one of the model, in which the index lies. */
function foldersOf({ pretrainedModelNameOrPath: path, subfolder }: ComponentSpec): readonly string[] {
  return path === undefined || isRepositoryId(path) ? [] : [path, join(path, subfolder)]
}
