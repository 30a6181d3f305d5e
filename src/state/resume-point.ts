/** Where a cancelled run can continue. */
import type { Seed } from '../params/seed'

/** What one component had remembered of a run, by the names that the component gives it. */
export type SavedRun = Readonly<Record<string, unknown>>

/** A place between two blocks, or between two iterations of a loop, and what the components had remembered there. */
export interface ResumePoint {
  /** Names of the blocks around the place, outermost first; the last is the one that is to run next, or the loop that is to continue. */
  readonly path: readonly string[]
  /** Iterations of the loop that are done; absent before a block. */
  readonly step?: number | undefined
  /** Names of all values that the loop holds. */
  readonly loopNames?: readonly string[] | undefined
  /** What components that a run changes had remembered, by the name of the component. */
  readonly components: Readonly<Record<string, SavedRun>>
  /** Components that cannot say what they remember: a run that needs them cannot continue. */
  readonly unsaved: readonly string[]
  /** The seed of the run. */
  readonly seed?: Seed | undefined
}
