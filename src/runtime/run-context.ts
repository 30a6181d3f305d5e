/** What a block can ask of, and tell to, the run that it is part of: `this.context` inside `run()` and loop steps. */
import type { Seed } from '../params/seed'
import type { PreviewImage } from './events'
import type { MaybePromise } from './maybe-promise'
import type { RunPlan, UpcomingCall } from './run-cost'

/** The run as a block sees it. */
export interface RunContext {
  /** Fires when the run is cancelled. Hand it on to slow work; the runtime itself looks at it between blocks and loop steps. */
  readonly signal: AbortSignal | undefined
  /** The seed that the caller of the pipeline gave. */
  readonly seed: Seed | undefined
  /** Names of the blocks that are running, outermost first. */
  readonly path: readonly string[]
  /** What the blocks knew of the call before the first of them ran. */
  readonly plan: RunPlan
  /** Asks the blocks that are still to come, and run for certain, which components they will call. */
  upcomingCalls(): Promise<readonly UpcomingCall[]>
  /** Tells those who watch the run something that does not stop it. */
  warn(code: string, message: string): void
  /**
   * Offers a preview to those who watch the run; `makeImages` is called if one of them asks for the pictures, and at no other time. Wait for the result: until
   * then the tensors that it reads must live.
   */
  preview(makeImages: () => Promise<readonly PreviewImage[]>): MaybePromise<void>
  /** Returns a component if the pipeline has it now, whether or not a block declares it. A component that is still being made counts as missing. */
  peekComponent(name: string): unknown
  /** Puts another component in the place of one for the rest of this run; of one that a run changes, a copy. Returns what the blocks now get. */
  useComponent(name: string, component: unknown): unknown
}
