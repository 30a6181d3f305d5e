/** Settings that both engines of the queue have. */
import { InvalidQueueOptionError } from './invalid-queue-option-error'

/** What a queue does with jobs whose workers are lost, and with jobs that have ended. */
export interface QueueOptions {
  /** Milliseconds after its last heartbeat that a worker counts as lost, and its job goes to another. Default: 30 000. */
  readonly leaseDuration?: number | undefined
  /** How often the worker of a job may be lost before the job fails. Default: 5. */
  readonly maxLosses?: number | undefined
  /** Milliseconds for which ended jobs are remembered. Default: one day. */
  readonly retention?: number | undefined
  /** Ended jobs that are remembered at most, the latest ones. Default: 10 000. */
  readonly maxEnded?: number | undefined
}

/** The same, with the defaults filled in. */
export type QueueSettings = { readonly [K in keyof QueueOptions]-?: number }

/** Milliseconds for which ended jobs are remembered by default: one day. */
export const DEFAULT_RETENTION = 24 * 60 * 60_000

const DEFAULTS: QueueSettings = {
  leaseDuration: 30_000,
  maxLosses: 5,
  retention: DEFAULT_RETENTION,
  maxEnded: 10_000,
}

/** @throws InvalidQueueOptionError for a setting that is not a positive whole number */
export function queueSettings(options: QueueOptions): QueueSettings {
  const settings: Record<string, number> = { ...DEFAULTS }
  for (const name of Object.keys(DEFAULTS) as (keyof QueueOptions)[]) {
    const value = options[name]
    if (value === undefined) continue
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new InvalidQueueOptionError(name, 'it must be a whole number from 1.')
    }
    settings[name] = value
  }
  return settings as unknown as QueueSettings // All of its keys are there.
}
