/** Which blocks of a tree run for given inputs. Counterpart: SequentialPipelineBlocks.get_execution_blocks of diffusers. */
import type { ModularPipelineBlocks } from '../composition/modular-pipeline-blocks'
import { isComposite, isConditional, isLoop } from './blocks'

/** The leaves and loops that would run, in order, with dotted names. What a block writes counts as there for the choices after it. */
export function executionBlocks(
  sequence: ModularPipelineBlocks,
  inputs: Readonly<Record<string, unknown>>,
): [string, ModularPipelineBlocks][] {
  const active: Record<string, unknown> = { ...inputs }
  const chosen: [string, ModularPipelineBlocks][] = []

  const visit = (prefix: string, blocks: ReadonlyMap<string, ModularPipelineBlocks>): void => {
    for (const [name, part] of blocks) {
      let block: ModularPipelineBlocks | undefined = part
      while (block && isConditional(block)) block = block.chooseBranch(trigger => active[trigger])?.[1]
      if (block === undefined) continue
      if (isComposite(block) && !isLoop(block)) {
        visit(`${prefix}${name}.`, block.subBlocks)
      } else {
        chosen.push([prefix + name, block])
        for (const output of block.intermediateOutputNames) active[output] = true
      }
    }
  }
  visit('', sequence.subBlocks)
  return chosen
}
