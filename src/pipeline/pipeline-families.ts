/**
 * Which blocks and which pipeline class the names in an index stand for.
 * Counterpart: MODULAR_PIPELINE_MAPPING of diffusers modular_pipelines/modular_pipeline.py, and `default_blocks_name` of its pipelines.
 */
import { classNameOf } from '../format/class-name'
import type { PipelineBlocks } from './pipeline-blocks'

/** A class of blocks that can be made from its name alone. */
export type NamedBlocks = new () => PipelineBlocks

/** What belongs together in one family of models. */
export interface PipelineFamily {
  /** What the blocks of the family give as their `modelName`. */
  readonly modelName: string
  /** The blocks that are taken where an index names none that are known. */
  readonly defaultBlocks: NamedBlocks
  /** `_class_name` of a modular index of this family. Default: `ModularPipeline`, which is of no family. */
  readonly pipelineClassName?: string
  /** `_class_name` in the `model_index.json` of such models, e.g. `StableDiffusionPipeline`. */
  readonly standardPipelines?: readonly string[]
  /** By which components a model of the family is recognised if its index names a pipeline that is not known. Default: not at all. */
  readonly recognizedBy?: ComponentPattern
  /** Pipelines of related models that the blocks of the family do not replace, by their class names. */
  readonly unsupportedPipelines?: Readonly<Record<string, UnsupportedPipeline>>
  /** What a warning says of entries of an index that no block reads, by their names in camelCase. */
  readonly unreadEntries?: Readonly<Record<string, UnreadEntryNote>>
}

/** Names of components that an index must have, and of those that it must not have. */
export interface ComponentPattern {
  /** Components that the index must name. */
  readonly components: readonly string[]
  /** Components that the index must not name. */
  readonly without?: readonly string[]
}

/** A pipeline that the default blocks of a family do not replace. */
export interface UnsupportedPipeline {
  /** What it does, as a clause: `starts from a picture`. */
  readonly does: string
  /** What to do with a model of it, as a sentence. */
  readonly advice: string
}

/** What follows if no block reads an entry of an index. */
export interface UnreadEntryNote {
  /** A clause such as `pictures are not checked`. */
  readonly consequence: string
  /** The value that asks for nothing: an entry that states it is not named. */
  readonly harmlessValue?: unknown
}

/** The pipeline class of blocks that belong to no family. */
export const PLAIN_PIPELINE = 'ModularPipeline'

const blocks = new Map<string, NamedBlocks>()
const families = new Map<string, PipelineFamily>()

/** Makes classes of blocks known by their names, so that `ModularPipeline.fromPretrained` finds them when an index names them. */
export function registerBlockClasses(...classes: readonly NamedBlocks[]): void {
  for (const type of classes) blocks.set(classNameOf(type), type)
}

/** Makes a family known, and its default blocks. */
export function registerPipelineFamily(family: PipelineFamily): void {
  families.set(family.modelName, family)
  registerBlockClasses(family.defaultBlocks)
}

/** What is known of a pipeline that no default blocks replace. */
export function findUnsupportedPipeline(pipelineClassName: string | undefined): UnsupportedPipeline | undefined {
  if (pipelineClassName === undefined) return undefined
  for (const { unsupportedPipelines = {} } of families.values())
    if (Object.hasOwn(unsupportedPipelines, pipelineClassName)) return unsupportedPipelines[pipelineClassName]
  return undefined
}

/** The names of the components and settings that the default blocks of a family read; of blocks that belong to no family, those of all families. */
export function namesReadByFamily(modelName: string | undefined): Set<string> {
  const names = new Set<string>()
  for (const { defaultBlocks } of familiesFor(modelName)) {
    const { expectedComponents, expectedConfigs } = new defaultBlocks()
    for (const { name } of [...expectedComponents, ...expectedConfigs]) names.add(name)
  }
  return names
}

/** What a family says of an entry that no block reads, otherwise what the first family that knows the entry says. */
export function unreadEntryNote(name: string, modelName: string | undefined): UnreadEntryNote | undefined {
  for (const { unreadEntries = {} } of [...familiesFor(modelName), ...families.values()])
    if (Object.hasOwn(unreadEntries, name)) return unreadEntries[name]
  return undefined
}

function familiesFor(modelName: string | undefined): Iterable<PipelineFamily> {
  const own = findPipelineFamily(modelName)
  return own === undefined ? families.values() : [own]
}

/** Names of all blocks that are known. */
export function blockClassNames(): readonly string[] {
  return [...blocks.keys()]
}

/** The family of that `modelName`. */
export function findPipelineFamily(modelName: string | undefined): PipelineFamily | undefined {
  return modelName === undefined ? undefined : families.get(modelName)
}

/** The blocks of that name; otherwise the default ones of the family that a pipeline class belongs to. */
export function findBlocks(
  blocksClassName: string | undefined,
  pipelineClassName: string | undefined,
): NamedBlocks | undefined {
  const named = blocksClassName === undefined ? undefined : blocks.get(blocksClassName)
  if (named !== undefined || pipelineClassName === undefined || pipelineClassName === PLAIN_PIPELINE) return named
  return [...families.values()].find(
    family =>
      family.pipelineClassName === pipelineClassName || family.standardPipelines?.includes(pipelineClassName) === true,
  )?.defaultBlocks
}

/**
 * The default blocks of the first family that a model is recognised as one of.
 *
 * @param has whether the index of the model has a component
 */
export function findBlocksByComponents(has: (name: string) => boolean): NamedBlocks | undefined {
  return [...families.values()].find(
    ({ recognizedBy: pattern }) => pattern?.components.every(has) && !pattern.without?.some(has),
  )?.defaultBlocks
}

/** Names of the pipelines of diffusers whose models have blocks here. */
export function standardPipelineNames(): readonly string[] {
  return [...families.values()].flatMap(({ standardPipelines = [] }) => standardPipelines)
}
