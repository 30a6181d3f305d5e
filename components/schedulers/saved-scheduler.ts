/** What is saved of a scheduler in the middle of a run. */
import type { SavedProgress } from './run-progress'

/** Settings of schedulers that are read in each run. */
export interface RunSettings {
  /** Added to the timesteps of the spacing "leading". */
  readonly stepsOffset?: number
  /** Whether the predicted clean sample is clipped. */
  readonly clipSample?: boolean
}

/** What `saveRun()` of a scheduler gives. */
export interface SavedScheduler {
  readonly className: string
  /** Those of the scheduler that the run took a copy of, as JSON: functions among them are the program's, and are not saved. */
  readonly settings: string
  /** What the run has changed of them on its copy. */
  readonly changes?: RunSettings
  readonly progress: SavedProgress | undefined
  readonly memory: Readonly<Record<string, unknown>>
}
