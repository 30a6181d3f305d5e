/** A safetensors file, or a folder of them, that cannot be used. */
import { WeightFileError } from './weight-file-error'

/** A file of weights that is damaged, incomplete or not of this format, or that does not hold what was asked for. */
export class SafetensorsError extends WeightFileError {
  override readonly code = 'SAFETENSORS'
}
