/** What chooses among the branches of a tree, and the workflows that a sequence names. */
import type { BlockNode, WorkflowTriggers } from '../wiring/block-node'
import { eachBlock, isConditional } from '../wiring/blocks'
import { type BranchCondition, branchConditions } from '../wiring/branch-conditions'

/** All triggers of a block and of what is inside it, in the order of the blocks. */
export function triggersOf(block: BlockNode): Set<string> {
  const triggers = new Set<string>(isConditional(block) ? block.triggerNames : [])
  for (const part of block.subBlocks.values()) for (const name of triggersOf(part)) triggers.add(name)
  return triggers
}

/** A choice as documentation shows it. */
export interface ChoiceDescription {
  /** Where it is; empty for the outermost block. */
  readonly path: readonly string[]
  /** Its branches with when each runs; one without a name stands for none of them. */
  readonly branches: readonly { readonly name: string | undefined; readonly condition: BranchCondition }[]
}

/** The choices in a block, itself included, each before those inside it. */
export function choicesOf(block: BlockNode): ChoiceDescription[] {
  return [...eachBlock(block)].flatMap(({ block: each, path }) => {
    if (!isConditional(each)) return []
    const branches = [...branchConditions(each)].map(([name, condition]) => ({ name, condition }))
    const none = { name: undefined, condition: { when: [], otherwise: true } }
    return [{ path, branches: each.defaultBlockName === undefined ? [...branches, none] : branches }]
  })
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
