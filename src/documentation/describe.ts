/** A block as a plain object that survives JSON, for tools. */

import { type BlockOptions, getDeclarations } from '../decorators/declarations'
import { classNameOf } from '../format/class-name'
import { isPlainObject } from '../format/plain-object'
import { formatValue } from '../state/format-value'
import type { BlockKind, BlockNode } from '../wiring/block-node'
import { isConditional } from '../wiring/blocks'
import { workflowsOf } from './triggers'

/** A value that one block takes or gives. */
export interface ParameterDescription {
  /** `null` for an input that takes a whole group. */
  name: string | null
  /** Its type in words. */
  type: string | null
  /** What it means. */
  description: string
  /** The group that it belongs to. */
  kwargsType: string | null
}

/** What a block is made of. */
export interface BlockDescription {
  /** Name of the class. */
  class: string
  /** What kind of block it is. */
  kind: BlockKind
  /** What the block does. */
  description: string
  /** The family that it belongs to. */
  modelName: string | null
  /** Version of the block. */
  version: string | null
  /** How much of the block may still change. */
  stability: BlockOptions['stability'] | null
  /** What a caller can pass. */
  inputs: (ParameterDescription & {
    required: boolean
    default: unknown
    defaultsByBlock: Record<string, unknown> | null
  })[]
  /** What its parts write. */
  intermediateOutputs: ParameterDescription[]
  /** What it returns. */
  outputs: ParameterDescription[]
  /** What must be loaded. */
  components: {
    name: string
    type: string | null
    description: string
    creation: string
    loadId: string
    /** Only of components that the block works without. */
    optional?: true
  }[]
  /** Settings that it reads. */
  configs: { name: string; default: unknown; description: string }[]
  /** Branches only: what chooses, and what runs otherwise. */
  triggers?: (string | null)[]
  /** The part that runs if nothing else is chosen. */
  defaultBlock?: string | null
  /** Sequences that name workflows only: the inputs that choose each, in all their spellings. */
  workflows?: { name: string; spellings: readonly (readonly string[])[] }[]
  /** Its parts. */
  blocks: { name: string; block: BlockDescription }[]
}

/** The plain object of `blocks.describe()`. */
export function describeBlock(block: BlockNode): BlockDescription {
  const { version, stability } = getDeclarations(block.constructor).block
  const workflows = workflowsOf(block)
  return {
    class: classNameOf(block),
    kind: block.kind,
    description: block.description,
    modelName: block.modelName ?? null,
    version: version ?? null,
    stability: stability ?? null,
    inputs: block.inputs.map(
      ({ name, typeHint, description, kwargsType, required, default: value, defaultsByBlock }) => ({
        name,
        type: typeHint ?? null,
        description,
        kwargsType: kwargsType ?? null,
        required,
        default: plainValue(value),
        defaultsByBlock: defaultsByBlock ? (plainValue(defaultsByBlock) as Record<string, unknown>) : null,
      }),
    ),
    intermediateOutputs: block.intermediateOutputs.map(describeOutput),
    outputs: block.outputs.map(describeOutput),
    components: block.expectedComponents.map(spec => ({
      name: spec.name,
      type: spec.typeName ?? null,
      description: spec.description,
      creation: spec.defaultCreationMethod,
      loadId: spec.loadId,
      ...(spec.optional && { optional: true }),
    })),
    configs: block.expectedConfigs.map(({ name, default: value, description }) => ({
      name,
      default: plainValue(value),
      description,
    })),
    ...(isConditional(block) && {
      triggers: [...block.blockTriggerInputs],
      defaultBlock: block.defaultBlockName ?? null,
    }),
    ...(workflows && { workflows }),
    blocks: [...block.subBlocks].map(([name, part]) => ({ name, block: describeBlock(part) })),
  }
}

function describeOutput(output: {
  name: string
  typeHint: string | undefined
  description: string
  kwargsType: string | undefined
}): ParameterDescription {
  return {
    name: output.name,
    type: output.typeHint ?? null,
    description: output.description,
    kwargsType: output.kwargsType ?? null,
  }
}

/** A value as JSON holds it: what it cannot hold stands as text, as in other documentation. */
export function plainValue(value: unknown, around: readonly unknown[] = []): unknown {
  if (value === undefined || value === null) return null
  if (typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)) return value
  if (!(Array.isArray(value) || isPlainObject(value)) || around.includes(value)) return formatValue(value)
  const inside = [...around, value]
  if (Array.isArray(value)) return value.map(member => plainValue(member, inside))
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plainValue(member, inside)]))
}
