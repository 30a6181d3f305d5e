/** Says where each value and each component of a call would come from. */
import { classNameOf } from '../format/class-name'
import type { ComponentSpec } from '../params/component-spec'
import { formatValue } from '../state/format-value'
import type { BlockNode } from './block-node'
import { PathWalk, type Source, startingKnowledge } from './path'

/** One input of one block. */
export interface InputExplanation {
  /** Path of the block that takes it. */
  readonly block: string
  /** Name of the input. */
  readonly input: string
  /** Whether it must be passed. */
  readonly required: boolean
  /** Whether the block runs for certain, as far as is known before the run. */
  readonly certain: boolean
  /** Where the value may come from; empty if from nowhere. */
  readonly sources: readonly Source[]
}

/** One component of one block. */
export interface ComponentExplanation {
  /** Path of the block. */
  readonly block: string
  /** Name of the component. */
  readonly component: string
  /** Class that it must be an instance of. */
  readonly className: string | undefined
  /** How it would be made: from these settings, or from this place. */
  readonly from: string
}

/** What `explain()` of blocks and pipelines returns. Prints as text. */
export interface Explanation {
  /** Where each input comes from. */
  readonly inputs: readonly InputExplanation[]
  /** Where each component comes from. */
  readonly components: readonly ComponentExplanation[]
  toString(): string
}

/** Follows the blocks that these inputs would run, and says for each of their inputs and components where it would come from. */
export function explain(blocks: BlockNode, given: Readonly<Record<string, unknown>>): Explanation {
  const inputs: InputExplanation[] = []
  const components: ComponentExplanation[] = []
  const values = new Map(Object.entries(given).filter(([, value]) => value !== undefined && value !== null))
  const defaults = blocks.inputs.filter(
    input => input.name !== null && input.default !== undefined && !values.has(input.name),
  )
  const owners = new Map<string, string>()

  const knowledge = startingKnowledge([...values.keys()], new Set(values.keys()), [])
  for (const { name, default: value } of defaults) {
    knowledge.set(name as string, { sources: [{ kind: 'default', block: '', value }], certain: true })
  }
  const walk = new PathWalk(
    knowledge,
    name => values.get(name) ?? defaults.find(input => input.name === name)?.default,
    ({ block, path, inputs: taken, components: needed, certain, known }) => {
      const where = path.join(' > ') || classNameOf(block)
      for (const { name, required, default: fallback } of taken) {
        if (name === null) continue
        if (fallback !== undefined && !owners.has(name)) owners.set(name, where)
        const sources = known(name)?.sources ?? []
        const named = sources.map(source =>
          source.kind === 'default' && source.block === '' ? { ...source, block: owners.get(name) ?? where } : source,
        )
        inputs.push({ block: where, input: name, required, certain, sources: named })
      }
      for (const spec of needed) {
        components.push({
          block: where,
          component: spec.name,
          className: spec.typeName,
          from: originOf(spec),
        })
      }
    },
  )
  walk.follow(blocks)
  return { inputs, components, toString: () => printExplanation(inputs, components) }
}

function originOf(spec: ComponentSpec): string {
  if (spec.defaultCreationMethod === 'fromConfig') return `its config ${JSON.stringify(spec.config ?? {})}`
  if (spec.pretrainedModelNameOrPath === undefined)
    return 'the model folder that the pipeline is made from, or container.register()'
  return [spec.pretrainedModelNameOrPath, spec.subfolder].filter(Boolean).join('/')
}

function describeSource(source: Source): string {
  switch (source.kind) {
    case 'given':
      return 'given'
    case 'state':
      return 'in the state'
    case 'default':
      return `default ${formatValue(source.value)} of ${source.block}`
    case 'written':
      return `written by ${source.block}`
  }
}

function printExplanation(inputs: readonly InputExplanation[], components: readonly ComponentExplanation[]): string {
  const lines: string[] = []
  for (const block of new Set([...inputs, ...components].map(entry => entry.block))) {
    lines.push(block)
    for (const { input, sources, required } of inputs.filter(entry => entry.block === block)) {
      const text = sources.map(describeSource).join(', or ') || (required ? 'MISSING' : 'absent')
      lines.push(`  ${input}: ${text}`)
    }
    for (const { component, className, from } of components.filter(entry => entry.block === block)) {
      lines.push(`  ${component} (${className ?? 'any class'}): from ${from}`)
    }
  }
  return lines.join('\n')
}
