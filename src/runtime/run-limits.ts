/** What calls may cost at most: limits of a pipeline, and of the whole process. */
import { InvalidLimitError } from '../errors/invalid-limit-error'
import { type ByteSize, parseByteSize } from '../format/byte-size'

/** The most that one call may cost. What is left out has no limit. */
export interface RunLimits {
  /** Pixels of one image: width × height. */
  readonly maxPixels?: number | undefined
  /** Images of one call: prompts × images per prompt. */
  readonly maxImages?: number | undefined
  /** Denoising steps. */
  readonly maxSteps?: number | undefined
  /** Memory that a block may need at once by its estimate: bytes, or a text such as `8GB`. The memory that the machine has free is a limit at any rate. */
  readonly maxMemory?: ByteSize | undefined
  /** Milliseconds from the call to its end. A run that takes longer is cancelled. */
  readonly timeout?: number | undefined
}

/** Limits that were checked: a missing one is infinite. */
export type CheckedLimits = Readonly<Record<keyof RunLimits, number>>

const COUNTS = ['maxPixels', 'maxImages', 'maxSteps', 'timeout'] as const

/** Checks limits. @throws InvalidLimitError for an unknown name or a value that is not positive; InvalidByteSizeError */
export function checkLimits(limits: RunLimits): CheckedLimits {
  const names: readonly string[] = [...COUNTS, 'maxMemory']
  for (const name of Object.keys(limits)) if (!names.includes(name)) throw new InvalidLimitError(name, undefined, names)
  const counts = COUNTS.map(name => {
    const value = limits[name] ?? Number.POSITIVE_INFINITY
    const isPositive = typeof value === 'number' && value >= 1
    if (!isPositive) throw new InvalidLimitError(name, value, names)
    return [name, value] as const
  })
  const maxMemory = parseByteSize(limits.maxMemory ?? Number.POSITIVE_INFINITY, 'maxMemory', 1)
  return { ...(Object.fromEntries(counts) as Omit<CheckedLimits, 'maxMemory'>), maxMemory }
}

let processLimits = checkLimits({})

/**
 * Sets the limits of all pipelines of this process, in place of those set before. A pipeline's own limits apply as well: the lower one counts.
 *
 * ```ts
 * setProcessLimits({ maxPixels: 1024 * 1024, maxImages: 4, maxSteps: 100, maxMemory: '8GB', timeout: 60_000 })
 * ```
 *
 * @throws InvalidLimitError, InvalidByteSizeError
 */
export function setProcessLimits(limits: RunLimits): void {
  processLimits = checkLimits(limits)
}

/** The lower of a pipeline's limits and those of the process. */
export function effectiveLimits(own: CheckedLimits): CheckedLimits {
  const lower = (name: keyof RunLimits) => Math.min(own[name], processLimits[name])
  return {
    maxPixels: lower('maxPixels'),
    maxImages: lower('maxImages'),
    maxSteps: lower('maxSteps'),
    maxMemory: lower('maxMemory'),
    timeout: lower('timeout'),
  }
}
