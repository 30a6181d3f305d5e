/** Asks blocks what a call will cost, and which components they will call. */
import { BlockState } from '../state/block-state'
import { copyValue } from '../state/copy-value'
import type { PipelineState } from '../state/pipeline-state'
import type { BlockNode } from '../wiring/block-node'
import { isLoop } from '../wiring/blocks'
import { bindView } from './bound-view'
import type { Components } from './components'
import { type LocatedCost, planOf, type RunPlan, type UpcomingCall } from './run-cost'

/** Blocks of a call, with their paths, in the order in which they run. */
export type PlacedBlocks = readonly (readonly [BlockNode, readonly string[]])[]

/** The estimates of those blocks that make one, with the memory of the components that they will call, and all that they know of the call. */
export async function estimateCosts(
  blocks: PlacedBlocks,
  components: Components,
  state: PipelineState,
): Promise<{ costs: LocatedCost[]; plan: RunPlan }> {
  const costs: LocatedCost[] = []
  for (const [block, path] of blocks) {
    const { estimateCost } = block
    if (estimateCost === undefined) continue
    costs.push({ path, cost: await estimateCost.call(viewOf(block, components, state)) })
  }
  const plan = planOf(costs)
  for (const [block, path] of blocks) {
    for (const { memory } of await callsOf(block, components, state, plan)) costs.push({ path, cost: { memory } })
  }
  return { costs, plan }
}

/** The calls that blocks behind a place will make, by the values that are in the state now. */
export async function upcomingCalls(
  blocks: PlacedBlocks,
  behind: readonly string[],
  { components, state, plan }: { components: Components; state: PipelineState; plan: RunPlan },
): Promise<UpcomingCall[]> {
  const place = blocks.findIndex(([, path]) => path.join() === behind.join())
  const calls: UpcomingCall[] = []
  for (const [block] of blocks.slice(place + 1)) calls.push(...(await callsOf(block, components, state, plan)))
  return calls
}

async function callsOf(
  block: BlockNode,
  components: Components,
  state: PipelineState,
  plan: RunPlan,
): Promise<readonly UpcomingCall[]> {
  return block.upcomingCalls === undefined ? [] : block.upcomingCalls.call(viewOf(block, components, state), plan)
}

/** A block bound to its inputs, as far as they are known. */
function viewOf(block: BlockNode, components: Components, state: PipelineState): object {
  const values: Record<string, unknown> = {}
  for (const { name, kwargsType, default: fallback } of block.inputs) {
    if (name !== null) values[name] = state.values.get(name) ?? copyValue(fallback)
    else if (kwargsType !== undefined) values[kwargsType] = state.getByKwargs(kwargsType)
  }
  // As the loop itself will be bound: views of one block have one prototype.
  return bindView(block, () => block.viewNames, new BlockState(values), components, isLoop(block))
}
