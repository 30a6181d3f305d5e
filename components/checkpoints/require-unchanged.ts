/** Looks at a file of weights before a tensor is read from it that was left there. */
import type { TensorInfo } from './checkpoint'
import { weightFileError } from './format-errors'
import type { WeightFileError } from './weight-file-error'

/**
 * Makes sure that a file is the one whose header said where the tensor lies: in another, other numbers would be read.
 *
 * @param now what the system says of the file
 * @throws WeightFileError (`changed`, or `truncated` for one of which it is not known what it was like)
 */
export function requireUnchanged({ file, end, stamp }: TensorInfo, now: { size: number; mtimeMs: number }): void {
  if (stamp && (stamp.size !== now.size || stamp.modified !== now.mtimeMs)) {
    throw weightFileError(file, 'changed', 'was written to since the model was loaded from it. Load it again.')
  }
  if (now.size >= end) return
  const detail = `has ${now.size} bytes, but held at least ${end} when it was opened.`
  throw weightFileError(file, 'truncated', detail)
}

/** The error for a file that ends inside a tensor, at the byte `at`. */
export function endsEarly({ file, end }: TensorInfo, at: number): WeightFileError {
  return weightFileError(file, 'truncated', `ends at byte ${at}, but held at least ${end} when it was opened.`)
}
