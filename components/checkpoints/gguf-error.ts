/** A GGUF file that cannot be used. */
import { WeightFileError } from './weight-file-error'

/** A GGUF file that is damaged, incomplete or of a type that is not read, or that does not hold what was asked for. */
export class GGUFError extends WeightFileError {
  override readonly code = 'GGUF'
}
