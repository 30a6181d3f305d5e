/** A model folder whose index cannot be used. */
import { ModularError } from './modular-error'

/** The folder, its `model_index.json`, or an entry of it is missing or malformed. */
export class ModelIndexError extends ModularError {
  override readonly code = 'MODEL_INDEX'

  constructor(
    /** The folder or file that was read. */
    readonly file: string,
    problem: string,
    cause?: unknown,
  ) {
    super(`${file}: ${problem}`, { cause })
  }
}
