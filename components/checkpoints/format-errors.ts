/** Errors about tensors of a file of any format. */
import { GGUFError } from './gguf-error'
import { isGGUFName } from './gguf-name'
import { SafetensorsError } from './safetensors-error'
import type { WeightFileError, WeightFileErrorOptions, WeightFileProblem } from './weight-file-error'

/** Returns the error of the format of a file. */
export function weightFileError(
  file: string,
  problem: WeightFileProblem,
  detail: string,
  options: WeightFileErrorOptions = {},
): WeightFileError {
  const FormatError = isGGUFName(file) ? GGUFError : SafetensorsError
  return new FormatError(file, problem, detail, options)
}

/** The error for a tensor that does not hold floats. */
export function wrongDType(file: string, tensor: string, dtype: string): WeightFileError {
  return weightFileError(file, 'wrong-dtype', `holds ${dtype}, but floats were asked for.`, { tensor })
}
