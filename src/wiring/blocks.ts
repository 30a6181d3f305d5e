/** Telling the kinds of blocks apart, without loading their classes. */
import type { InputParam } from '../params/input-param'
import type { BlockNode, ChoiceNode, LoopNode } from './block-node'

/** What is made of blocks, such as a pipeline. */
export interface BlockHolder {
  /** The blocks. */
  readonly blocks: BlockNode
}

/** The blocks themselves, or those of a pipeline. */
export function treeOf(subject: BlockNode | BlockHolder): BlockNode {
  return 'subBlocks' in subject ? subject : subject.blocks
}

/** Whether a value is a block, or a class of blocks; by its members, as it may come from another copy of this package. */
export function isBlockOrClass(value: unknown): boolean {
  const block: unknown = typeof value === 'function' ? value.prototype : value
  return (
    typeof block === 'object' &&
    block !== null &&
    ['subBlocks', 'expectedComponents', 'initPipeline'].every(member => member in block)
  )
}

/** Whether a block is made of other blocks. */
export function isComposite(block: BlockNode): boolean {
  return block.kind !== 'leaf'
}

/** Whether a block chooses among its parts. */
export function isConditional(block: BlockNode): block is ChoiceNode {
  return block.kind === 'conditional' || block.kind === 'auto'
}

/** Whether a block runs its parts again and again. */
export function isLoop(block: BlockNode): block is LoopNode {
  return block.kind === 'loop'
}

/** What a loop itself takes: both of its lists, of which the first states a name that both have. */
export function ownInputs({ loopInputs, loopIntermediateInputs }: LoopNode): readonly InputParam[] {
  const names = new Set(loopInputs.map(input => input.name))
  return [...loopInputs, ...loopIntermediateInputs.filter(input => !names.has(input.name))]
}

/** Whether a block may run none of its parts, so that what it writes may be missing afterwards. */
export function mayBeSkipped(block: BlockNode): boolean {
  return isConditional(block) && block.defaultBlockName === undefined
}

/** Whether a block writes a name whichever way its choices go. */
export function alwaysWrites(block: BlockNode, name: string): boolean {
  const parts = [...block.subBlocks.values()]
  if (isConditional(block)) return !mayBeSkipped(block) && parts.every(part => alwaysWrites(part, name))
  if (isLoop(block) && block.loopIntermediateOutputs.some(output => output.name === name)) return true
  if (isComposite(block)) return parts.some(part => alwaysWrites(part, name))
  return block.intermediateOutputNames.includes(name)
}

/** Names that must have a value before a block runs, whichever way its choices go. */
export function neededNames(block: BlockNode): ReadonlySet<string> {
  if (!isComposite(block)) return new Set(block.requiredInputs)
  const parts = [...block.subBlocks.values()]
  if (isConditional(block)) {
    const [first, ...others] = mayBeSkipped(block) ? [] : parts.map(neededNames)
    return new Set([...(first ?? [])].filter(name => others.every(needed => needed.has(name))))
  }
  const needed = new Set(isLoop(block) ? block.loopRequiredInputs : [])
  const settled = new Set<string>()
  for (const part of parts) {
    for (const name of neededNames(part)) if (!settled.has(name)) needed.add(name)
    // What a part writes is there for those after it; what it takes, it may have filled in.
    for (const name of [...part.intermediateOutputNames, ...part.inputNames]) settled.add(name)
  }
  return needed
}

/** A block of a tree, with its place. */
export interface PlacedBlock {
  readonly block: BlockNode
  /** Names of the blocks from the outermost's parts inward; empty for the outermost. */
  readonly path: readonly string[]
  /** Whether a loop is around it. */
  readonly inLoop: boolean
  /** Whether a choice is around it. */
  readonly inBranch: boolean
}

/** A block and everything inside it, each before its parts. */
export function* eachBlock(
  block: BlockNode,
  path: readonly string[] = [],
  inLoop = false,
  inBranch = false,
): Iterable<PlacedBlock> {
  yield { block, path, inLoop, inBranch }
  for (const [name, part] of block.subBlocks) {
    yield* eachBlock(part, [...path, name], inLoop || isLoop(block), inBranch || isConditional(block))
  }
}

/** Whether a path is that of a block or of something inside of it. */
export function isWithinPath(path: readonly string[], outer: readonly string[]): boolean {
  return outer.every((name, i) => path[i] === name)
}
