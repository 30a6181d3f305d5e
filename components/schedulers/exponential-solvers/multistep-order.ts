/** Which order a multistep solver takes where. */

/** What the order depends on. */
export interface MultistepOrderSettings {
  readonly solverOrder: number
  /** In runs of less than 15 steps, lower the order at the end. */
  readonly lowerOrderFinal: boolean
  /** Take the last step with order 1. */
  readonly eulerAtFinal?: boolean
}

/** Runs with fewer steps than this lower the order at the end. */
const FEW_STEPS = 15

/** The order of the step at a place in a run of so many steps, if there are enough predictions. */
export function multistepOrder(settings: MultistepOrderSettings, index: number, steps: number): number {
  const { solverOrder, lowerOrderFinal, eulerAtFinal = false } = settings
  const left = steps - index
  const lowers = lowerOrderFinal && steps < FEW_STEPS
  if (left === 1 && (lowers || eulerAtFinal)) return 1
  return left === 2 && lowers ? Math.min(solverOrder, 2) : solverOrder
}
