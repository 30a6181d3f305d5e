/** The strategies by name. */
import { leastRecentlyUsed } from './least-recently-used'
import type { OffloadStrategy } from './offload-strategy'
import { smallestCombination } from './smallest-combination'

export const OFFLOAD_STRATEGIES = { leastRecentlyUsed, smallestCombination } as const satisfies Record<
  string,
  OffloadStrategy
>

/** A strategy by name. */
export type OffloadStrategyName = keyof typeof OFFLOAD_STRATEGIES
