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
}

/** Names of components that an index must have, and of those that it must not have. */
export interface ComponentPattern {
  readonly components: readonly string[]
  readonly without?: readonly string[]
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

/** Names of all blocks that are known. */
export function blockClassNames(): readonly string[] {
  return [...blocks.keys()]
}

/** The family of that `modelName`. */
export function findPipelineFamily(modelName: string | undefined): PipelineFamily | undefined {
  return modelName === undefined ? undefined : families.get(modelName)
}

/** The blocks of that name; else the default ones of the family that a pipeline class belongs to. */
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
