/** Saves a pipeline: its components, the index that says where they are, and a card. Counterpart: ModularPipeline.save_pretrained of diffusers. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isSealedCard, sealCard } from '../documentation/generated-card'
import type { ModelCardOptions } from '../documentation/model-card'
import { UnsafeSerializationError } from '../errors/unsafe-serialization-error'
import { writeFileAtomically } from '../files/write-file-atomically'
import { writeFolderAtomically } from '../files/write-folder-atomically'
import { formatJson } from '../format/json'
import { toSnakeCase } from '../format/wire-names'
import {
  type OpenRepository,
  openRepository,
  type PublishOptions,
  type PushedCommit,
} from '../hub/repository-publisher'
import { isSavable, type SavableComponent, type SavePretrainedOptions } from '../params/component-class'
import { CONFIG_LOAD_ID, loadIdOf } from '../params/load-ids'
import { MODULAR_INDEX_FILE, STANDARD_INDEX_FILE } from './model-index'

/** The page that readers of a repository see first. */
const CARD_FILE = 'README.md'

/** Options of saving a pipeline. */
export interface SavePipelineOptions extends SavePretrainedOptions {
  /**
   * Lets the index say of every component that is saved that it is in this folder, or in the repository that it is pushed to; `false` leaves those as
   * they are that know where they were loaded from. Default: `true`, as in diffusers from 0.42 on. Components that are not loaded keep their entries.
   */
  overwriteModularIndex?: boolean | undefined
  /**
   * What the `README.md` says that the blocks do not know: licence, base models, tags; `false` writes none. One that somebody has written, or has
   * changed after it was made here, stays as it is.
   */
  modelCard?: Omit<ModelCardOptions, 'repoId'> | false | undefined
  /** Uploads the folder when it is saved: `{ repoId: 'org/name', private: true }`. The index then names the repository. */
  pushToHub?: Omit<PublishOptions, 'signal'> | undefined
}

/** Options of pushing a pipeline: those of saving it, and those of the repository. */
export type PushPipelineOptions = Omit<SavePipelineOptions, 'pushToHub'> & Omit<PublishOptions, 'repoId'>

/** What of a pipeline is saved. */
export interface PipelineToSave {
  /** The components that are loaded, and that are read from files rather than made from settings; by name, in camelCase. */
  readonly components: ReadonlyMap<string, unknown>
  /** The index as it would be if nothing moved, with its keys as they are on disk: a component's entry is `[library, class, spec]`. */
  readonly config: Readonly<Record<string, unknown>>
  /** Makes the page that describes it. */
  readonly modelCard: (options: ModelCardOptions) => string
}

/** What was saved. */
export interface SavedPipeline {
  /** The index as it was written. */
  readonly config: Readonly<Record<string, unknown>>
  /** Names of components that have no way to be saved. */
  readonly notSaved: readonly string[]
  /** The commit, where the folder was pushed. */
  readonly pushed?: PushedCommit
}

/**
 * Writes each component into `folder/<name in snake_case>`, the card, then the index. The folder is made if it is not there. Whoever reads it sees the
 * old pipeline or the new, never a mixture, also when the process is killed midway. What else lies in the folder stays. With `pushToHub`, all of the
 * folder is uploaded; where that fails, it is saved all the same.
 *
 * @throws UnwritableFileError, UnsafeSerializationError; what a component throws; what the Hub refuses; the reason of `options.signal`
 */
export async function savePipeline(
  folder: string,
  pipeline: PipelineToSave,
  { overwriteModularIndex = true, modelCard = {}, pushToHub, ...options }: SavePipelineOptions = {},
): Promise<SavedPipeline> {
  const { signal } = options
  if (options.safeSerialization === false) throw new UnsafeSerializationError()
  signal?.throwIfAborted()
  const all = [...pipeline.components]
  const savable = all.filter((entry): entry is [string, SavableComponent] => isSavable(entry[1]))
  const notSaved = all.flatMap(([name, component]) => (isSavable(component) ? [] : [name]))
  const moved = savable.filter(([, component]) => overwriteModularIndex || !knowsItsPlace(component))
  const config = placeIn(pushToHub?.repoId ?? folder, pipeline.config, moved, options)
  // Before the work: a token that is refused is told at once.
  const repository = pushToHub && (await openRepository({ ...pushToHub, signal }))
  const replaces = replacedFiles(savable, options)

  await writeFolderAtomically(
    folder,
    async staging => {
      for (const [name, component] of savable) {
        signal?.throwIfAborted()
        await component.savePretrained(join(staging, toSnakeCase(name)), options)
      }
      if (modelCard !== false) {
        const make = () => pipeline.modelCard({ ...modelCard, ...(pushToHub && { repoId: pushToHub.repoId }) })
        const card = await cardFor(folder, repository, make)
        if (card !== undefined) await writeFileAtomically(join(staging, CARD_FILE), [Buffer.from(card)])
      }
      signal?.throwIfAborted()
      await writeFileAtomically(join(staging, MODULAR_INDEX_FILE), [Buffer.from(formatJson(config))])
    },
    { markers: [MODULAR_INDEX_FILE, STANDARD_INDEX_FILE], replaces },
  )
  for (const [name, component] of savable) await component.savedTo?.(join(folder, toSnakeCase(name)), options)
  for (const name of notSaved) {
    const kind = pipeline.components.get(name)?.constructor?.name ?? 'object'
    process.emitWarning(`The component "${name}" (${kind}) has no savePretrained(), and was not saved to ${folder}.`, {
      code: 'TESSERAE_NOT_SAVED',
    })
  }
  const pushed = await repository?.push(folder, replaces)
  return { config, notSaved, ...(pushed && { pushed }) }
}

/**
 * Saves a pipeline into a folder that is removed afterwards, and uploads it from there.
 *
 * @throws what {@link savePipeline} throws
 */
export async function pushPipeline(
  repoId: string,
  pipeline: PipelineToSave,
  { token, endpoint, commitMessage, private: isPrivate, createPr, ...options }: PushPipelineOptions = {},
): Promise<PushedCommit> {
  const folder = await mkdtemp(join(tmpdir(), 'tesserae-'))
  try {
    const pushToHub = { repoId, token, endpoint, commitMessage, private: isPrivate, createPr }
    const { pushed } = await savePipeline(join(folder, 'pipeline'), pipeline, { ...options, pushToHub })
    return pushed as PushedCommit // It was asked for.
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The card to write; `undefined` where the folder has one that somebody has written. One of that kind in the repository is taken. */
async function cardFor(
  folder: string,
  repository: OpenRepository | undefined,
  make: () => string,
): Promise<string | undefined> {
  const there = await readFile(join(folder, CARD_FILE), 'utf8').catch((error: NodeJS.ErrnoException) =>
    // Of one that cannot be read nobody knows who wrote it.
    error.code === 'ENOENT' || error.code === 'ENOTDIR' ? undefined : '',
  )
  if (there !== undefined && !isSealedCard(there)) return undefined
  const published = await repository?.readText(CARD_FILE)
  return published !== undefined && !isSealedCard(published) ? published : sealCard(make())
}

function knowsItsPlace(component: unknown): boolean {
  const loadId = loadIdOf(component)
  return loadId !== undefined && loadId !== CONFIG_LOAD_ID
}

/** The index with the entries of components that are now in the folder, or repository, of that name. */
function placeIn(
  place: string,
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
    const fields = {
      pretrained_model_name_or_path: place,
      subfolder: key,
      variant: component.savesVariants ? (variant ?? null) : null,
      revision: null,
    }
    result[key] = [library, className, { ...spec, ...fields }]
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
