/** What chooses among the branches of a tree, and the workflows that a sequence names. */
import type { BlockNode, WorkflowTriggers } from '../wiring/block-node'
import { isConditional } from '../wiring/blocks'

/** All triggers of a block and of what is inside it, in the order of the blocks. */
export function triggersOf(block: BlockNode): Set<string> {
  const triggers = new Set<string>(isConditional(block) ? block.triggerNames : [])
  for (const part of block.subBlocks.values()) for (const name of triggersOf(part)) triggers.add(name)
  return triggers
}

/** A workflow as documentation shows it. */
export interface WorkflowDescription {
  readonly name: string
  /** The spellings that choose it, each a list of inputs; empty where nothing is needed. */
  readonly spellings: readonly (readonly string[])[]
}

/** The workflows that a sequence names; `undefined` for a block that names none. */
export function workflowsOf(block: BlockNode): WorkflowDescription[] | undefined {
  const { workflowMap } = block as { workflowMap?: Readonly<Record<string, WorkflowTriggers>> }
  return (
    workflowMap && Object.entries(workflowMap).map(([name, triggers]) => ({ name, spellings: spellings(triggers) }))
  )
}

function spellings(triggers: WorkflowTriggers): string[][] {
  const all: readonly object[] = Array.isArray(triggers) ? triggers : [triggers]
  const names = all.map(spelling =>
    Object.entries(spelling)
      .filter(([, needed]) => needed)
      .map(([input]) => input),
  )
  return names.filter(inputs => inputs.length > 0)
}
