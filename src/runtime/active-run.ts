/** Which run the code that executes now belongs to, across `await`. */
import { AsyncContext } from '../platform/async-context'
import type { Activity } from '../telemetry/activity'

/** What others see of a run. */
export interface ActiveRun {
  /** Names of the blocks that are running, outermost first. */
  readonly path: readonly string[]
  /** The innermost activity that is under way, if somebody observes. */
  readonly activity?: Activity | undefined
  /** Records a new resource. */
  track(resource: object): void
  /** Reports a problem that does not stop the run. */
  warn(code: string, message: string): void
}

const context = new AsyncContext<ActiveRun>()

/** The run that the calling code is part of, or `undefined` outside of one. */
export function activeRun(): ActiveRun | undefined {
  return context.get()
}

/** Calls a function as part of a run. */
export function withActiveRun<T>(run: ActiveRun, action: () => T): T {
  return context.run(run, action)
}

/** Calls a function outside of any run, so that what it makes outlives the run, e.g. the weights of a model loaded on demand. */
export function outsideRuns<T>(action: () => T): T {
  return context.exit(action)
}
