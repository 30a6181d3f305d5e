/** `model_index.json`: which class each component of a model folder has. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ModelIndexError } from '../errors/model-index-error'
import { toCamelCase } from '../format/wire-names'
import { findModelIndex, type RepositoryOptions } from '../hub/repository-resolver'

/** A model folder. */
export interface ModelIndex {
  /** The folder, or the id of the repository. */
  readonly folder: string
  /** The file that all this was read from. */
  readonly file: string
  /** Component name (camelCase) → class name and subfolder; entries that the model leaves empty are not there. */
  readonly components: ReadonlyMap<string, { readonly className: string; readonly subfolder: string }>
  /** Other entries: settings of the pipeline, in camelCase. */
  readonly settings: ReadonlyMap<string, unknown>
}

const INDEX_FILE = 'model_index.json'

/**
 * Reads the index of a model folder, or that of a repository whose index is cached.
 * @throws ModelIndexError for a folder that is not there, holds no index, or whose index is malformed
 * @throws RepositoryUnavailableError for a repository whose index is not cached
 */
export function readModelIndex(source: string, options?: RepositoryOptions): ModelIndex {
  const folder = findModelIndex(source, options)
  const file = join(folder, INDEX_FILE)
  let text: string
  try {
    if (!statSync(folder).isDirectory())
      throw new ModelIndexError(folder, 'this is a file; expected the folder of a model.')
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    if (cause instanceof ModelIndexError) throw cause
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    const problem = isMissing
      ? `not found. A model is a folder that holds ${INDEX_FILE} and a folder for each component (unet, vae, …).`
      : `cannot be read: ${(cause as Error).message}`
    throw new ModelIndexError(isMissing && !isFolder(folder) ? folder : file, problem, cause)
  }
  return parse(source, file, text)
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function parse(folder: string, file: string, text: string): ModelIndex {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new ModelIndexError(file, `is not JSON: ${(cause as Error).message}`, cause)
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new ModelIndexError(file, 'must hold an object with an entry for each component.')
  }
  const components = new Map<string, { className: string; subfolder: string }>()
  const settings = new Map<string, unknown>()
  for (const [key, value] of Object.entries(json)) {
    if (key.startsWith('_')) continue
    const name = toCamelCase(key)
    if (!Array.isArray(value)) settings.set(name, value)
    else if (value.length !== 2) throw new ModelIndexError(file, `the entry "${key}" must be [library, class].`)
    else if (typeof value[1] === 'string') components.set(name, { className: value[1], subfolder: key })
    else if (value[1] !== null)
      throw new ModelIndexError(file, `the entry "${key}" names no class: ${JSON.stringify(value)}.`)
  }
  return { folder, file, components, settings }
}
