/** What is saved of a scheduler in the middle of a run. */
import { NotResumableError } from '../../src/errors/not-resumable-error'
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

/** Settings as JSON. They are frozen, and saved at every step of a run. */
const texts = new WeakMap<object, string>()

function textOf(settings: object): string {
  const text = texts.get(settings) ?? JSON.stringify(settings)
  if (Object.isFrozen(settings)) texts.set(settings, text)
  return text
}

/** Returns the settings to save: those from before the run, and what the run has changed of them. */
export function saveSettings(config: object, before: object): Pick<SavedScheduler, 'settings' | 'changes'> {
  const former = before as Readonly<Record<string, unknown>>
  const changes = Object.fromEntries(Object.entries(config).filter(([key, value]) => former[key] !== value))
  return { settings: textOf(before), changes }
}

/** Makes sure that a run can continue with a scheduler. @throws NotResumableError for one of another class or with other settings */
export function requireSameScheduler({ className, settings }: SavedScheduler, name: string, config: object): void {
  if (className === name && settings === textOf(config)) return
  const difference = className === name ? ' with other settings' : ''
  throw new NotResumableError(`its scheduler was a ${className}; this one is a ${name}${difference}.`)
}
