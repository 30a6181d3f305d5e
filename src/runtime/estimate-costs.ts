/** Asks blocks what a call will cost, and which components they will call. */
import { BlockExecutionError } from '../errors/block-execution-error'
import { ModularError } from '../errors/modular-error'
import { classNameOf } from '../format/class-name'
import { BlockState } from '../state/block-state'
import { copyValue } from '../state/copy-value'
import type { PipelineState } from '../state/pipeline-state'
import type { BlockNode } from '../wiring/block-node'
import { isLoop, isWithinPath } from '../wiring/blocks'
import { bindView } from './bound-view'
import type { Components } from './components'
import type { MaybePromise } from './maybe-promise'
import { type LocatedCost, planOf, type RunPlan, type UpcomingCall } from './run-cost'

/** A leaf or loop of a call. */
export interface EstimatedBlock {
  readonly block: BlockNode
  readonly path: readonly string[]
  /** Whether it runs for certain: only then does it count. */
  readonly certain: boolean
}

/** Leaves and loops of a call, in the order in which they run; the parts of a loop follow the loop. */
export type EstimatedBlocks = readonly EstimatedBlock[]

/**
 * The estimates of those blocks that make one, with the memory of the components that they will call, and all that they know of the call.
 *
 * @throws BlockExecutionError naming the block whose estimate failed
 */
export async function estimateCosts(
  blocks: EstimatedBlocks,
  components: Components,
  state: PipelineState,
): Promise<{ costs: LocatedCost[]; plan: RunPlan }> {
  const costs: LocatedCost[] = []
  const running = blocks.filter(({ certain }) => certain)
  for (const placed of running) {
    const { estimateCost } = placed.block
    if (estimateCost === undefined) continue
    const cost = await ask(placed, () => estimateCost.call(viewOf(placed.block, components, state)))
    costs.push({ path: placed.path, cost })
  }
  const plan = planOf(costs)
  for (const placed of running) {
    for (const { memory } of await callsOf(placed, components, state, plan)) {
      costs.push({ path: placed.path, cost: { memory } })
    }
  }
  return { costs, plan }
}

/**
 * The calls that blocks behind a place will make, by the values that are in the state now.
 *
 * @param behind path of the block that asks; of one that calls its parts itself, they are still to come
 */
export async function upcomingCalls(
  blocks: EstimatedBlocks,
  behind: readonly string[],
  { components, state, plan }: { components: Components; state: PipelineState; plan: RunPlan },
): Promise<UpcomingCall[]> {
  const calls: UpcomingCall[] = []
  for (const placed of blocks.slice(firstBehind(blocks, behind))) {
    if (placed.certain) calls.push(...(await callsOf(placed, components, state, plan)))
  }
  return calls
}

function firstBehind(blocks: EstimatedBlocks, asking: readonly string[]): number {
  const own = blocks.findIndex(({ path }) => path.length === asking.length && isWithinPath(path, asking))
  if (own >= 0) return own + 1
  const firstPart = blocks.findIndex(({ path }) => isWithinPath(path, asking))
  return firstPart >= 0 ? firstPart : blocks.length
}

async function callsOf(
  placed: EstimatedBlock,
  components: Components,
  state: PipelineState,
  plan: RunPlan,
): Promise<readonly UpcomingCall[]> {
  const { upcomingCalls } = placed.block
  if (upcomingCalls === undefined) return []
  return ask(placed, () => upcomingCalls.call(viewOf(placed.block, components, state), plan))
}

/** Calls a method of a block outside of its run: its error is reported as one of the block. */
async function ask<T>({ block, path }: EstimatedBlock, work: () => MaybePromise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const isLocated = error instanceof ModularError && error.isLocated
    throw isLocated ? error : new BlockExecutionError(path, classNameOf(block), error)
  }
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
