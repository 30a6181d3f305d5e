/** Saves a pipeline: its components, and the index that says where they are. Counterpart: ModularPipeline.save_pretrained of diffusers. */
import { join } from 'node:path'
import { UnsafeSerializationError } from '../errors/unsafe-serialization-error'
import { writeFileAtomically } from '../files/write-file-atomically'
import { writeFolderAtomically } from '../files/write-folder-atomically'
import { formatJson } from '../format/json'
import { toSnakeCase } from '../format/wire-names'
import { isSavable, type SavableComponent, type SavePretrainedOptions } from '../params/component-class'
import { CONFIG_LOAD_ID, loadIdOf } from '../params/load-ids'
import { MODULAR_INDEX_FILE, STANDARD_INDEX_FILE } from './model-index'

/** Options of saving a pipeline. */
export interface SavePipelineOptions extends SavePretrainedOptions {
  /**
   * Lets the index say of every component that is saved that it is in this folder; `false` leaves those as they are that know where they were loaded
   * from. Default: `true`. Components that are not loaded keep their entries.
   */
  overwriteModularIndex?: boolean | undefined
}

/** What of a pipeline is saved. */
export interface PipelineToSave {
  /** The components that are loaded, and that are read from files rather than made from settings; by name, in camelCase. */
  readonly components: ReadonlyMap<string, unknown>
  /** The index as it would be if nothing moved, with its keys as they are on disk: a component's entry is `[library, class, spec]`. */
  readonly config: Readonly<Record<string, unknown>>
}

/** What was saved. */
export interface SavedPipeline {
  /** The index as it was written. */
  readonly config: Readonly<Record<string, unknown>>
  /** Names of components that have no way to be saved. */
  readonly notSaved: readonly string[]
}

/**
 * Writes each component into `folder/<name in snake_case>`, then the index. The folder is made if it is not there. Whoever reads it sees the old
 * pipeline or the new, never a mixture, also when the process is killed midway. What else lies in the folder stays.
 *
 * @throws UnwritableFileError, UnsafeSerializationError; what a component throws; the reason of `options.signal`
 */
export async function savePipeline(
  folder: string,
  pipeline: PipelineToSave,
  { overwriteModularIndex = true, ...options }: SavePipelineOptions = {},
): Promise<SavedPipeline> {
  const { signal } = options
  if (options.safeSerialization === false) throw new UnsafeSerializationError()
  signal?.throwIfAborted()
  const all = [...pipeline.components]
  const savable = all.filter((entry): entry is [string, SavableComponent] => isSavable(entry[1]))
  const notSaved = all.flatMap(([name, component]) => (isSavable(component) ? [] : [name]))
  const moved = savable.filter(([, component]) => overwriteModularIndex || !knowsItsPlace(component))
  const config = placeIn(folder, pipeline.config, moved, options)

  await writeFolderAtomically(
    folder,
    async staging => {
      for (const [name, component] of savable) {
        signal?.throwIfAborted()
        await component.savePretrained(join(staging, toSnakeCase(name)), options)
      }
      signal?.throwIfAborted()
      await writeFileAtomically(join(staging, MODULAR_INDEX_FILE), [Buffer.from(formatJson(config))])
    },
    { markers: [MODULAR_INDEX_FILE, STANDARD_INDEX_FILE], replaces: replacedFiles(savable, options) },
  )
  for (const [name, component] of savable) await component.savedTo?.(join(folder, toSnakeCase(name)), options)
  for (const name of notSaved) {
    const kind = pipeline.components.get(name)?.constructor?.name ?? 'object'
    process.emitWarning(`The component "${name}" (${kind}) has no savePretrained(), and was not saved to ${folder}.`, {
      code: 'TESSERAE_NOT_SAVED',
    })
  }
  return { config, notSaved }
}

function knowsItsPlace(component: unknown): boolean {
  const loadId = loadIdOf(component)
  return loadId !== undefined && loadId !== CONFIG_LOAD_ID
}

/** The index with the entries of components that are in the folder now. */
function placeIn(
  folder: string,
  config: Readonly<Record<string, unknown>>,
  moved: readonly (readonly [string, SavableComponent])[],
  { variant }: SavePretrainedOptions,
): Record<string, unknown> {
  const result = { ...config }
  for (const [name, component] of moved) {
    const key = toSnakeCase(name)
    const entry = config[key]
    if (!Array.isArray(entry) || entry.length !== 3) continue
    const [library, className, spec] = entry as [unknown, unknown, Readonly<Record<string, unknown>>]
    const place = {
      pretrained_model_name_or_path: folder,
      subfolder: key,
      variant: component.savesVariants ? (variant ?? null) : null,
      revision: null,
    }
    result[key] = [library, className, { ...spec, ...place }]
  }
  return result
}

/** Which files of the components' folders an earlier save has left that must go. */
function replacedFiles(
  saved: readonly (readonly [string, SavableComponent])[],
  options: SavePretrainedOptions,
): (file: string) => boolean {
  const byFolder = new Map(saved.map(([name, component]) => [toSnakeCase(name), component]))
  return file => {
    const slash = file.indexOf('/')
    const component = byFolder.get(file.slice(0, slash))
    return component?.replacesFile?.(file.slice(slash + 1), options) ?? false
  }
}
