/** Saves a pipeline: its components, the index that says where they are, and a card. Counterpart: ModularPipeline.save_pretrained of diffusers. */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ModelCardOptions } from '../documentation/model-card'
import { emitWarning } from '../errors/emit-warning'
import { InputTypeError } from '../errors/input-type-error'
import { UnknownValueError } from '../errors/unknown-value-error'
import { UnsafeSerializationError } from '../errors/unsafe-serialization-error'
import { absolutePath } from '../files/absolute-path'
import { serializeSaves } from '../files/serialize-saves'
import { makeTemporaryFolder } from '../files/temporary-folder'
import { writeFileAtomically } from '../files/write-file-atomically'
import { writeFolderAtomically } from '../files/write-folder-atomically'
import { classNameOf } from '../format/class-name'
import { formatJson } from '../format/json'
import { openRepository, type PublishOptions, type PushedCommit } from '../hub/repository-publisher'
import { isSavable, type SavableComponent, type SavePretrainedOptions } from '../params/component-class'
import { CONFIG_LOAD_ID, loadIdOf } from '../params/load-ids'
import { CARD_FILE, cardToSave } from './card-to-save'
import { MODULAR_INDEX_FILE, STANDARD_INDEX_FILE } from './model-index'
import { correctedStandardIndex, type PlacedComponent, placedIndex } from './placed-index'

/** Options of saving a pipeline. */
export interface SavePipelineOptions extends Omit<SavePretrainedOptions, 'quantization'> {
  /** How the weights of models are saved, by the names of the components: `{ unet: 'int8' }`. Default: as they are. */
  quantization?: Readonly<Record<string, string>> | undefined
  /**
   * Makes the index say of every saved component that it is in this folder, or in the repository that it is pushed to.
   * `false` keeps the places of those that know where they were loaded from. Default: `true`, as in diffusers from 0.42
   * on. Components that are not loaded keep their entries.
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
  /** How files spell the name of a component: the key of its entry, and its folder. */
  readonly keyOf: (name: string) => string
  /** Makes the page that describes it. */
  readonly modelCard: (options: ModelCardOptions) => string
  /** Called with the folder (absolute path) that was saved to. */
  readonly savedTo?: (folder: string) => void
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
 * Writes each component into a folder of its own, the card, then the index. The folder is made if it is not there. A
 * reader sees the old pipeline or the new, never a mixture, even if the process is killed midway. Other files in the
 * folder stay. With `pushToHub`, all of the
 * folder is uploaded; where that fails, it is saved all the same.
 *
 * @throws InputTypeError for what is not a path, or not a map of quantizations; UnknownValueError for a component that cannot be quantized; UnwritableFileError, UnsafeSerializationError; what a component throws; what the Hub refuses; the reason of `options.signal`
 */
export async function savePipeline(
  folder: string,
  pipeline: PipelineToSave,
  { overwriteModularIndex = true, modelCard = {}, pushToHub, quantization = {}, ...options }: SavePipelineOptions = {},
): Promise<SavedPipeline> {
  const { signal } = options
  if (typeof folder !== 'string' || folder === '') {
    throw new InputTypeError({
      path: [],
      input: 'folder',
      kind: 'argument',
      expected: 'it must be the path of a folder',
      value: folder,
    })
  }
  if (options.safeSerialization === false) throw new UnsafeSerializationError()
  // As it is now: the process may change its folder while the save waits for others.
  const target = absolutePath(folder)
  signal?.throwIfAborted()
  requireQuantizable(pipeline.components, quantization)
  const quantizationOf = new Map(Object.entries(quantization).map(([name, kind]) => [pipeline.keyOf(name), kind]))
  const all = [...pipeline.components]
  const savable = new Map(
    all.flatMap(([name, component]) => (isSavable(component) ? [[pipeline.keyOf(name), component] as const] : [])),
  )
  const notSaved = all.flatMap(([name, component]) => (isSavable(component) ? [] : [name]))
  const moved = [...savable].filter(([, component]) => overwriteModularIndex || !knowsItsPlace(component))
  const placed = (entries: Iterable<readonly [string, SavableComponent]>) =>
    Array.from(entries, ([key, component]) => placedComponent(key, component, options))
  const config = placedIndex(pushToHub?.repoId ?? folder, pipeline.config, placed(moved))
  // Before the work: a refused token fails at once.
  const repository = pushToHub && (await openRepository({ ...pushToHub, signal }))
  const replaces = replacedFiles(savable, options)

  await serializeSaves(async () => {
    await writeFolderAtomically(
      target,
      async staging => {
        for (const [key, component] of savable) {
          signal?.throwIfAborted()
          await component.savePretrained(join(staging, key), { ...options, quantization: quantizationOf.get(key) })
        }
        if (modelCard !== false) {
          const make = () => pipeline.modelCard({ ...modelCard, ...(pushToHub && { repoId: pushToHub.repoId }) })
          const card = await cardToSave(target, repository, make)
          if (card !== undefined) await writeFileAtomically(join(staging, CARD_FILE), [Buffer.from(card)])
        }
        const standard = await correctedStandardIndex(join(target, STANDARD_INDEX_FILE), config, placed(savable))
        if (standard !== undefined)
          await writeFileAtomically(join(staging, STANDARD_INDEX_FILE), [Buffer.from(standard)])
        signal?.throwIfAborted()
        await writeFileAtomically(join(staging, MODULAR_INDEX_FILE), [Buffer.from(formatJson(config))])
      },
      { markers: [MODULAR_INDEX_FILE, STANDARD_INDEX_FILE], replaces },
    )
    pipeline.savedTo?.(target)
    for (const [key, component] of savable) await component.savedTo?.(join(target, key), options)
  })
  for (const name of notSaved) {
    const kind = classNameOf(pipeline.components.get(name))
    const message = `The component "${name}" (${kind}) has no savePretrained(), and was not saved to ${folder}.`
    emitWarning('COMPONENT_NOT_SAVED', message)
  }
  const pushed = await repository?.push(target, replaces)
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
  const folder = await makeTemporaryFolder('push')
  try {
    const pushToHub = { repoId, token, endpoint, commitMessage, private: isPrivate, createPr }
    const { pushed } = await savePipeline(join(folder, 'pipeline'), pipeline, { ...options, pushToHub })
    return pushed as PushedCommit // It was asked for.
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** @throws InputTypeError, UnknownValueError for quantizations of what is not a loaded model, or in a way that it does not know */
function requireQuantizable(components: PipelineToSave['components'], quantization: unknown): void {
  if (typeof quantization !== 'object' || quantization === null || Array.isArray(quantization)) {
    const expected = "it must be a map of names of components, such as { unet: 'int8' }"
    throw new InputTypeError({ path: [], input: 'quantization', kind: 'option', expected, value: quantization })
  }
  const known = new Map(
    [...components].flatMap(([name, component]) => {
      const kinds = isSavable(component) ? component.savedQuantizations : undefined
      return kinds ? [[name, kinds] as const] : []
    }),
  )
  for (const [name, kind] of Object.entries(quantization)) {
    const kinds = known.get(name)
    if (kinds === undefined) throw new UnknownValueError('The pipeline', name, [...known.keys()], 'model to quantize')
    if (!kinds.includes(kind))
      throw new UnknownValueError(`The component "${name}"`, String(kind), kinds, 'quantization')
  }
}

function placedComponent(
  key: string,
  component: SavableComponent,
  { variant }: SavePretrainedOptions,
): PlacedComponent {
  return { key, variant: component.savesVariants ? (variant ?? null) : null }
}

function knowsItsPlace(component: unknown): boolean {
  const loadId = loadIdOf(component)
  return loadId !== undefined && loadId !== CONFIG_LOAD_ID
}

/** Which files of the components' folders an earlier save has left that must go. */
function replacedFiles(
  byFolder: ReadonlyMap<string, SavableComponent>,
  options: SavePretrainedOptions,
): (file: string) => boolean {
  return file => {
    const slash = file.indexOf('/')
    const component = byFolder.get(file.slice(0, slash))
    return component?.replacesFile?.(file.slice(slash + 1), options) ?? false
  }
}
