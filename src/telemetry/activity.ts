/** What takes time in this process, for those who measure it: runs, blocks, loop steps, loading, sessions. */

/** What an activity does. */
export type ActivityKind = 'run' | 'block' | 'loopStep' | 'load' | 'session' | 'model'

/** Something that has begun. */
export interface Activity {
  /**
   * `run`: a call of a pipeline. `block`: a block of it. `loopStep`: an iteration of a loop. `load`: a component is loaded.
   * `session`: a model is compiled into a session. `model`: a model computes.
   */
  readonly kind: ActivityKind
  /** Class of the pipeline's blocks or of the model, name of the block or component; for a loop step, the name of the loop. */
  readonly name: string
  /** Names of the blocks that are running, outermost first: without iterations, so that equal work has equal paths. */
  readonly path: readonly string[]
  /** Further details, e.g. `class`, `step`, `total`. */
  readonly attributes: Readonly<Record<string, string | number | boolean>>
  /** What it is a part of. */
  readonly parent: Activity | undefined
  /** Milliseconds on the clock of `performance.now()`. */
  readonly start: number
}

/** How an activity ended. */
export interface ActivityOutcome {
  /** Milliseconds on the clock of `performance.now()`. */
  readonly end: number
  /** What it threw; `undefined` if it ended well. */
  readonly error: unknown
}

/** Receives what begins and ends. What it throws is a warning, and ends no run. */
export interface ActivityObserver {
  /** Something begins. */
  begin?(activity: Activity): void
  /** It has ended. Not called for an activity whose beginning the observer has not seen. */
  end?(activity: Activity, outcome: ActivityOutcome): void
  /** Calls the work of an activity, and returns what it returns: for observers whose context goes with the code that runs. */
  within?<T>(activity: Activity, work: () => T): T
}
