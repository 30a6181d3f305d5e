/** Which blocks of a tree run for given inputs. Counterpart: SequentialPipelineBlocks.get_execution_blocks of diffusers. */
import type { BlockNode } from './block-node'
import { isComposite, isConditional, isLoop } from './blocks'

/** The leaves and loops that would run, in order, with dotted names. What a block writes counts as there for the choices after it. */
export function executionBlocks<B extends BlockNode>(
  sequence: { readonly subBlocks: ReadonlyMap<string, B> },
  inputs: Readonly<Record<string, unknown>>,
): [string, B][] {
  const active: Record<string, unknown> = { ...inputs }
  const chosen: [string, B][] = []

  const visit = (prefix: string, blocks: ReadonlyMap<string, BlockNode>): void => {
    for (const [name, part] of blocks) {
      let block: BlockNode | undefined = part
      while (block && isConditional(block)) block = block.chooseBranch(trigger => active[trigger])?.[1]
      if (block === undefined) continue
      if (isComposite(block) && !isLoop(block)) {
        visit(`${prefix}${name}.`, block.subBlocks)
      } else {
        chosen.push([prefix + name, block as B]) // The parts of a tree are all of one type.
        for (const output of block.intermediateOutputNames) active[output] = true
      }
    }
  }
  visit('', sequence.subBlocks)
  return chosen
}
