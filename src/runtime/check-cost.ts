/** Compares what a call will cost with its limits, before the first block runs. */
import type { ModularError } from '../errors/modular-error'
import { type CostLimit, InsufficientMemoryError, LimitExceededError } from '../errors/run-limit-errors'
import { availableMemory } from '../platform/available-memory'
import type { LocatedCost, RunCost } from './run-cost'
import type { CheckedLimits } from './run-limits'

const amounts: readonly (readonly [CostLimit, (cost: RunCost) => number | undefined])[] = [
  ['maxPixels', ({ size }) => size && size.width * size.height],
  ['maxImages', ({ images }) => images],
  ['maxSteps', ({ steps }) => steps],
  ['maxMemory', ({ memory }) => memory],
]

/** One error for each limit that a call exceeds, and one if it needs more memory than there is. */
export function checkCost(costs: readonly LocatedCost[], limits: CheckedLimits): ModularError[] {
  const issues: ModularError[] = []
  for (const [limit, amountOf] of amounts) {
    const highest = highestOf(costs, amountOf)
    if (highest && highest.amount > limits[limit]) {
      issues.push(new LimitExceededError(highest.path, limit, highest.amount, limits[limit]))
    } else if (highest && limit === 'maxMemory') {
      const available = availableMemory()
      if (highest.amount > available) issues.push(new InsufficientMemoryError(highest.path, highest.amount, available))
    }
  }
  return issues
}

function highestOf(costs: readonly LocatedCost[], amountOf: (cost: RunCost) => number | undefined) {
  let highest: { readonly path: readonly string[]; readonly amount: number } | undefined
  for (const { path, cost } of costs) {
    const amount = amountOf(cost)
    if (amount !== undefined && amount > (highest?.amount ?? 0)) highest = { path, amount }
  }
  return highest
}
