/** An option has no meaning for the pipeline of a model. */
import { ModularError } from '../src/errors/modular-error'

/** The pipeline has no input, output or component for an option of the command. */
export class UnfitOptionError extends ModularError {
  override readonly code = 'UNFIT_OPTION'

  constructor(
    /** The option as it is written, e.g. `--guidance`. */
    readonly option: string,
    problem: string,
  ) {
    super(`${option}: ${problem}`)
  }
}
