/** Components that a run changes, and so must own: schedulers, guiders, random generators. */
import type { Seed } from '../params/seed'

/** What a run tells the components that it takes its own copy of. */
export interface RunScope {
  /** The seed of the run, if its caller gave one. */
  readonly seed?: Seed | undefined
}

/**
 * A component that keeps something between two steps of a run. The runtime calls {@link forRun} once for each run that
 * asks for the component, and hands the result to the blocks. So concurrent runs never share a step index, a multistep
 * history or a random stream. Heavy data that never changes (weights, tables) is shared with the copy.
 */
export interface RunScoped {
  /** A copy with the same settings and nothing remembered. */
  forRun(scope: RunScope): this
  /**
   * What the copy of a run has remembered so far, so that another run can continue from here. It holds plain values,
   * and others that a state can be saved with, such as tensors. Nothing in it changes when the run continues; its
   * tensors are new and belong to the run.
   */
  saveRun?(): Readonly<Record<string, unknown>>
  /**
   * Called on a new copy: one that continues from what {@link saveRun} gave, which stays as it is. The copy itself, or another in its place.
   * @throws NotResumableError if a component of another class or with other settings has saved it
   */
  restoreRun?(saved: Readonly<Record<string, unknown>>): this
}

/** Whether a value makes a copy of itself for each run. */
export function isRunScoped(value: unknown): value is RunScoped {
  return typeof value === 'object' && value !== null && typeof (value as Partial<RunScoped>).forRun === 'function'
}
