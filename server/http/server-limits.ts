/** What one request, one client and all of them together may cost. */
import { kindOf, nameList } from '../../src/errors/text'
import { InvalidServerOptionError } from './invalid-server-option-error'

/** Limits of a server. What is left out has the default. */
export interface ServerLimits {
  /** Bytes of the body of a request. Default: 33,554,432 (32 MiB). */
  readonly maxBodyBytes?: number | undefined
  /** Pixels of a picture, width times height: of one that is drawn, and of one that is sent. Default: 4,194,304 (2048 × 2048). */
  readonly maxPixels?: number | undefined
  /** Pictures that a job may draw, and that may be sent with it. Default: 16. */
  readonly maxImages?: number | undefined
  /** Denoising steps of a job. Default: 250. */
  readonly maxSteps?: number | undefined
  /** Jobs that may wait. Default: 1000. */
  readonly maxQueued?: number | undefined
  /** Jobs of one client that may wait or run. Default: 100. */
  readonly maxJobsPerClient?: number | undefined
  /** Event streams that may be open at once. Default: 2000. */
  readonly maxStreams?: number | undefined
  /** The lowest number that a client may give as priority, where lower ones come first. Default: 100, that of jobs that give none. */
  readonly minPriority?: number | undefined
}

/** The same, with the defaults filled in. */
export type CheckedServerLimits = { readonly [K in keyof ServerLimits]-?: number }

const DEFAULT_LIMITS: CheckedServerLimits = {
  maxBodyBytes: 2 ** 25,
  maxPixels: 2 ** 22,
  maxImages: 16,
  maxSteps: 250,
  maxQueued: 1000,
  maxJobsPerClient: 100,
  maxStreams: 2000,
  minPriority: 100,
}

/** Fills in the defaults. @throws InvalidServerOptionError for an unknown name, or a limit that is not a whole number from 1 */
export function checkServerLimits(limits: ServerLimits = {}): CheckedServerLimits {
  const checked: Record<string, number> = { ...DEFAULT_LIMITS }
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) {
      throw new InvalidServerOptionError(`limits.${name}`, `there are ${nameList(Object.keys(DEFAULT_LIMITS))}.`)
    }
    if (value === undefined) continue
    const least = name === 'minPriority' ? 0 : 1
    if (!Number.isSafeInteger(value) || value < least) {
      throw new InvalidServerOptionError(
        `limits.${name}`,
        `expected a whole number from ${least}, got ${kindOf(value)}.`,
      )
    }
    checked[name] = value
  }
  return checked as CheckedServerLimits
}
