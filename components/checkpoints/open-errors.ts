/** Why a safetensors file could not be opened, or read to its end. */
import { SafetensorsError } from './safetensors-error'

/** Returns the error for a file that is there and cannot be opened. */
export function unopenable(path: string, cause: unknown): SafetensorsError {
  return new SafetensorsError(path, 'unreadable', `cannot be opened: ${(cause as Error).message}.`, { cause })
}

/** Returns the error for a file that was cut off while it was open. */
export function cutOff(path: string, end: number): SafetensorsError {
  return new SafetensorsError(path, 'truncated', `ends at byte ${end}: it became shorter while it was open.`)
}
