/** Why a file of weights could not be opened, or read to its end. */
import { weightFileError } from './format-errors'
import type { WeightFileError } from './weight-file-error'

/** Returns the error for a file that is there and cannot be opened. */
export function unopenable(path: string, cause: unknown): WeightFileError {
  return weightFileError(path, 'unreadable', `cannot be opened: ${(cause as Error).message}.`, { cause })
}

/** Returns the error for a file that was cut off while it was open. */
export function cutOff(path: string, end: number): WeightFileError {
  return weightFileError(path, 'truncated', `ends at byte ${end}: it became shorter while it was open.`)
}
