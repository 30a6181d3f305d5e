/** A safetensors file, or a folder of them, that cannot be used. */
import { WeightFileError, type WeightFileProblem } from './weight-file-error'

/** What is wrong with the file, or with what was asked of it. */
export type SafetensorsProblem = WeightFileProblem

/** A file of weights that is damaged, incomplete or not of this format, or that does not hold what was asked for. */
export class SafetensorsError extends WeightFileError {
  override readonly code = 'SAFETENSORS'
}
