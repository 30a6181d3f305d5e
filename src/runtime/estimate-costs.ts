/** Asks blocks what a call will cost. */
import { BlockState } from '../state/block-state'
import { copyValue } from '../state/copy-value'
import type { PipelineState } from '../state/pipeline-state'
import type { BlockNode } from '../wiring/block-node'
import { isLoop } from '../wiring/blocks'
import { bindView } from './bound-view'
import type { Components } from './components'
import type { LocatedCost } from './run-cost'

/** The estimates of those blocks that make one. */
export async function estimateCosts(
  blocks: readonly (readonly [BlockNode, readonly string[]])[],
  components: Components,
  state: PipelineState,
): Promise<LocatedCost[]> {
  const costs: LocatedCost[] = []
  for (const [block, path] of blocks) {
    const { estimateCost } = block
    if (estimateCost === undefined) continue
    // As the loop itself will be bound: views of one block have one prototype.
    const view = bindView(block, () => block.viewNames, valuesFor(block, state), components, isLoop(block))
    costs.push({ path, cost: await estimateCost.call(view) })
  }
  return costs
}

/** The inputs of a block, as far as they are known before the run. */
function valuesFor(block: BlockNode, state: PipelineState): BlockState {
  const values: Record<string, unknown> = {}
  for (const { name, default: fallback } of block.inputs) {
    if (name !== null) values[name] = state.values.get(name) ?? copyValue(fallback)
  }
  return new BlockState(values)
}
