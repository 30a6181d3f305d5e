/** A call that asks for its results in a form that does not exist. */
import { ModularError } from './modular-error'
import { kindOf } from './text'

/** The `output` option of a call is neither a name nor a list of names. */
export class InvalidOutputError extends ModularError {
  override readonly code = 'INVALID_OUTPUT'

  constructor(output: unknown) {
    const given = Array.isArray(output)
      ? `an array that holds ${kindOf(output.find(name => typeof name !== 'string'))}`
      : kindOf(output)
    super(`The option "output" must be a name or a list of names, but is ${given}.`)
  }
}
