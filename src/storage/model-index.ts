/**
 * The index of a model, which says where its components are: `modular_model_index.json`, or `model_index.json` if none exists.
 * Counterpart: ModularPipeline._load_pipeline_config of diffusers.
 */

import { existsSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { emitWarningOnce } from '../errors/emit-warning'
import { FolderChangedError } from '../errors/folder-changed-error'
import { ModelIndexError } from '../errors/model-index-error'
import { printableName, printableValue } from '../errors/printable'
import { absolutePath } from '../files/absolute-path'
import { isContainedPath } from '../files/contained-path'
import { recoverFolder } from '../files/leftovers'
import { readTextSync } from '../files/read-text'
import { statIfThere } from '../files/stat-if-there'
import { classNameOf } from '../format/class-name'
import { parseJson } from '../format/parse-json'
import { toCamelCase } from '../format/wire-names'
import { findModelIndex, isRepositoryId, type RepositoryOptions } from '../hub/repository-resolver'
import { findSingleFile, isSingleFile, parseRepositoryFile } from '../hub/single-file-source'
import { findComponentClass, isSubclass } from '../params/component-classes'
import type { ComponentSpec, LoadingFields } from '../params/component-spec'
import { RepositoryCommits } from '../params/repository-commits'
import { type IndexEntry, type IndexKind, isPlainPath, isRooted, parseIndexEntry } from './index-entry'
import { type SingleFileSettings, singleFileIndex } from './single-file-index'

/** The index of a modular pipeline. */
export const MODULAR_INDEX_FILE = 'modular_model_index.json'
/** The index of any other pipeline. */
export const STANDARD_INDEX_FILE = 'model_index.json'

/** What {@link ModelIndex} is made of. */
interface IndexFile {
  readonly text: string
  readonly kind: IndexKind
  readonly file: string
  readonly json: Readonly<Record<string, unknown>>
  /** Name (camelCase) → key in the file. */
  readonly keys: ReadonlyMap<string, string>
}

/** What the index of a model says. */
export class ModelIndex {
  constructor(
    /** The folder, or the id of the repository, as the caller named it. */
    readonly source: string,
    /** Where the index lies. */
    readonly folder: string,
    private own: IndexFile,
    /** The other index of a folder that has both. */
    private other: IndexFile | undefined,
    private readonly revision: string | undefined,
    /** The commit that it was read from, for other files of its repository. */
    readonly commits: RepositoryCommits,
    /** What the components of a single file are loaded with. */
    private readonly singleFile: SingleFileSettings | undefined = undefined,
  ) {}

  /** The file that is read. */
  get file(): string {
    return this.own.file
  }

  /** The class of pipelines that the model was saved by. */
  get pipelineClassName(): string | undefined {
    return this.textOf('_class_name')
  }

  /** The class of blocks that the model was saved with. */
  get blocksClassName(): string | undefined {
    return this.textOf('_blocks_class_name')
  }

  /** The key under which it speaks of a component or a setting, as it spells it; `undefined` where it does not. */
  keyOf(name: string): string | undefined {
    return this.own.keys.get(name)
  }

  /**
   * Checks that the folder is still the one whose index was read: after another save, its components may not go with the settings and classes that the
   * index stated. The commits of repositories do not change.
   *
   * @throws FolderChangedError
   */
  requireUnchanged(): void {
    if (isRepositoryId(this.source)) return
    const { own, other } = this.singleFile
      ? { own: readSingleFileIndex(this.folder, this.singleFile), other: undefined }
      : readIndexFiles(this.folder)
    if (own?.text === this.own.text && other?.text === this.other?.text) return
    throw new FolderChangedError(this.folder, 'was saved again after its index was read. Make the pipeline again.')
  }

  /** What a component is loaded with that comes from this very file. */
  loadOptions({ pretrainedModelNameOrPath: path }: ComponentSpec): SingleFileSettings {
    return path === this.source ? (this.singleFile ?? {}) : {}
  }

  /** Records what its own pipeline has saved to a folder (absolute path). */
  savedTo(folder: string): void {
    if (isRepositoryId(this.source) || relative(folder, absolutePath(this.folder)) !== '') return
    const { own = this.own, other } = readIndexFiles(this.folder)
    this.own = own
    this.other = other
  }

  /** Whether it says something of a setting, and what. */
  setting(name: string): { readonly value: unknown } | undefined {
    const key = this.keyOf(name)
    return key === undefined ? undefined : { value: this.own.json[key] }
  }

  /**
   * A spec with the place and the class that the index states. What the index does not mention, or leaves empty, stays as it is declared.
   * @throws ModelIndexError for an entry that is malformed, that leads out of the model's folder, or that the folder's two indexes do not agree on
   */
  locate(spec: ComponentSpec): ComponentSpec {
    const entry = this.entryOf(this.own, spec.name)
    if (entry === undefined) return spec
    const { className, library } = entry
    // Other pipelines may call something else by the name of what these blocks make themselves.
    if (this.own.kind === 'standard' && spec.defaultCreationMethod === 'fromConfig' && !fitsSpec(className, spec))
      return spec
    const place = this.placeOf(entry)
    if (place.pretrainedModelNameOrPath === this.source) this.checkOther(spec.name, entry, place)
    return spec.with({ ...place, className, library, defaultCreationMethod: 'fromPretrained' })
  }

  /**
   * The entries with other names than these that stand for something, with their value: the class of a component, or a setting. Entries that are left
   * empty, and keys with an underscore, stand for nothing.
   */
  entriesBesides(names: ReadonlySet<string>): { name: string; key: string; value: unknown }[] {
    const { keys, json } = this.own
    return [...keys]
      .filter(([name]) => !names.has(name))
      .map(([name, key]) => ({ name, key, value: statedValue(json[key]) }))
      .filter(({ value }) => value !== null)
  }

  private textOf(key: string): string | undefined {
    const value = this.own.json[key]
    return typeof value === 'string' ? value : undefined
  }

  private entryOf({ kind, file, json, keys }: IndexFile, name: string): IndexEntry | undefined {
    const key = keys.get(name)
    return key === undefined ? undefined : parseIndexEntry(kind, file, key, json[key])
  }

  private placeOf({ key, place }: IndexEntry): LoadingFields {
    if (place === undefined) {
      return { pretrainedModelNameOrPath: this.source, subfolder: key, revision: this.revision }
    }
    const { pretrainedModelNameOrPath: path, subfolder = '' } = place
    if (subfolder !== '' && (isRooted(subfolder) || !isContainedPath(subfolder)))
      throw this.outside(key, 'the subfolder', subfolder)
    // What was saved together may have been moved together: its path is then that of another time.
    if (this.holdsFilesOf(subfolder))
      return { pretrainedModelNameOrPath: this.source, subfolder, variant: place.variant }
    if (path !== undefined) this.requireReadable(key, path)
    // An index that names its own repository means the revision that it was read from.
    return path === this.source && place.revision === undefined ? { ...place, revision: this.revision } : place
  }

  /**
   * Checks the path of an entry. The id of a repository is right in every index. The absolute path of another folder is
   * right in a local index: Python and this package write it when a pipeline has components of several folders. It
   * causes a warning, as the folder may come from somebody else.
   *
   * @throws ModelIndexError for a path that leads upwards or to another machine, for a URL, and for a path of this machine in a repository
   */
  private requireReadable(key: string, path: string): void {
    const isForeign = isRooted(path) && isRepositoryId(this.source)
    if (isForeign || !isPlainPath(path)) throw this.outside(key, 'the path', path)
    if (!isRooted(path) || !relative(absolutePath(this.folder), path).startsWith('..')) return
    const message = `${this.file}: the entry "${key}" is loaded from another folder, ${printableValue(path)}.`
    emitWarningOnce('OUTSIDE_FOLDER', `${message} Check that you saved this index, or edit the entry.`)
  }

  private outside(key: string, what: string, path: string): ModelIndexError {
    const problem = `${what} ${printableValue(path)} is outside the model's folder, which is not allowed. Edit the entry to name a folder of the model or the id of a repository.`
    return new ModelIndexError(this.file, `the entry "${key}": ${problem}`)
  }

  /** Whether the model is a folder here, and has a folder of that name in which there is something. */
  private holdsFilesOf(subfolder: string): boolean {
    if (subfolder === '' || isRepositoryId(this.source)) return false
    try {
      return readdirSync(join(this.folder, subfolder)).length > 0
    } catch {
      return false
    }
  }

  /** Refuses two indexes that say of the same files that they are of different classes: one of them is left from another time. */
  private checkOther(name: string, { className }: IndexEntry, { subfolder }: LoadingFields): void {
    const other = this.other && this.entryOf(this.other, name)
    if (className === undefined || other?.className === undefined || other.key !== subfolder) return
    const [type, otherType] = [findComponentClass(className), findComponentClass(other.className)]
    // A class may have several names, some of which are not known here.
    if (type === undefined || otherType === undefined || type === otherType) return
    throw new ModelIndexError(
      this.file,
      `names the class ${className} for "${other.key}", but ${STANDARD_INDEX_FILE} beside it names ${other.className}. ` +
        'Remove the one that is out of date.',
    )
  }
}

/** What an entry states, in short: the class of a component, where it lies, or the value of a setting; `null` if it is empty. */
function statedValue(value: unknown): unknown {
  if (!Array.isArray(value) || value.length < 2 || value.length > 3) return value
  const [library, className, spec] = value as [unknown, unknown, unknown]
  const { type_hint: hint, pretrained_model_name_or_path: path } = (spec ?? {}) as Record<string, unknown>
  if (typeof className === 'string') return className
  if (Array.isArray(hint) && typeof hint[1] === 'string') return hint[1]
  return library === null && className === null ? (path ?? null) : value
}

/** Whether a class is known to be what a spec asks for. */
function fitsSpec(className: string | undefined, { typeHint }: ComponentSpec): boolean {
  if (className === undefined || typeHint === undefined || typeHint.fromPretrained === undefined) return false
  const type = findComponentClass(className)
  return className === classNameOf(typeHint) || (type !== undefined && isSubclass(type, typeHint))
}

/** How an index is read. */
export interface ReadIndexOptions extends RepositoryOptions {
  /** How components of a single file are loaded. */
  readonly singleFile?: SingleFileSettings
}

/**
 * Reads the index of a model folder, or that of a repository whose index is cached. A warning names a revision of what is on this machine.
 * @throws ModelIndexError for a folder that is not there, holds no index, or whose index is malformed
 * @throws RepositoryUnavailableError for a repository whose index is not cached
 * @throws what the reader of single files throws, for one file of weights
 */
export function readModelIndex(source: string, options: ReadIndexOptions = {}): ModelIndex {
  recoverFolder(source)
  const { commits = new RepositoryCommits(), singleFile = {} } = options
  if (isSingleFile(source)) {
    const file = findSingleFile(source, { ...options, commits })
    const remote = parseRepositoryFile(source)
    // An address is right on the Hub alone, a name in every index.
    const name = remote ? `${remote.repository}/${remote.path}` : source
    const revision = revisionOf(source, options.revision) ?? remote?.revision
    return new ModelIndex(name, file, readSingleFileIndex(file, singleFile), undefined, revision, commits, singleFile)
  }
  const folder = findModelIndex(source, { ...options, commits })
  const stats = statIfThere(folder)
  if (stats && !stats.isDirectory())
    throw new ModelIndexError(folder, 'this is a file; expected the folder of a model.')
  const { own, other } = readIndexFiles(folder)
  if (own === undefined) {
    const expected = `A model is a folder that holds ${STANDARD_INDEX_FILE} or ${MODULAR_INDEX_FILE}, and a folder for each component (unet, vae, …).`
    throw new ModelIndexError(stats ? join(folder, STANDARD_INDEX_FILE) : folder, `not found. ${expected}`)
  }
  return new ModelIndex(source, folder, own, other, revisionOf(source, options.revision), commits)
}

/** The revision that was asked for; a warning and `undefined` for a folder or file of this machine, which has none. */
function revisionOf(source: string, revision: string | undefined): string | undefined {
  if (revision === undefined || !existsSync(source)) return revision
  const problem = `${printableName(source)} is on this machine and has no revisions: revision "${printableName(revision)}" was ignored.`
  emitWarningOnce('REVISION_IGNORED', `${problem} Leave it out.`)
  return undefined
}

/** The index of a folder that counts, and the other one where it has both. */
function readIndexFiles(folder: string): { own: IndexFile | undefined; other: IndexFile | undefined } {
  const modular = readIndexFile(folder, 'modular', MODULAR_INDEX_FILE)
  const standard = readIndexFile(folder, 'standard', STANDARD_INDEX_FILE)
  return { own: modular ?? standard, other: modular && standard }
}

/** Whether a folder has an index, of either kind. */
export function hasModelIndex(folder: string): boolean {
  return [MODULAR_INDEX_FILE, STANDARD_INDEX_FILE].some(name => existsSync(join(folder, name)))
}

function readIndexFile(folder: string, kind: IndexKind, name: string): IndexFile | undefined {
  const file = join(folder, name)
  let text: string
  try {
    text = readTextSync(file)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new ModelIndexError(file, `cannot be read: ${(cause as Error).message}`, cause)
  }
  let json: unknown
  try {
    json = parseJson(text)
  } catch (cause) {
    throw new ModelIndexError(file, `is not JSON: ${(cause as Error).message}`, cause)
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new ModelIndexError(file, 'must hold an object with an entry for each component.')
  }
  return { text, kind, file, json: json as Record<string, unknown>, keys: keysByName(json, file) }
}

/** The index that stands for the components of one file of weights. */
function readSingleFileIndex(file: string, settings: SingleFileSettings): IndexFile {
  const { json, stamp } = singleFileIndex(file, settings)
  return { text: stamp, kind: 'standard', file, json, keys: keysByName(json, file) }
}

/** Names (camelCase) → keys. @throws ModelIndexError for two keys of one name */
function keysByName(json: object, file: string): ReadonlyMap<string, string> {
  const keys = new Map<string, string>()
  for (const key of Object.keys(json)) {
    if (key.startsWith('_')) continue
    const camel = toCamelCase(key)
    const earlier = keys.get(camel)
    if (earlier !== undefined) {
      throw new ModelIndexError(file, `the entries "${earlier}" and "${key}" have the same name. Remove one of them.`)
    }
    keys.set(camel, key)
  }
  return keys
}
