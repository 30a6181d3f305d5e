/** A block returned another state than it was given. */
import { ModularError } from './modular-error'
import { pathText } from './text'

/** `call()` of a block returned a state of its own, which no other block would read. */
export class ReturnedStateError extends ModularError {
  override readonly code = 'RETURNED_STATE'

  constructor(path: readonly string[], className: string) {
    super(
      `${pathText(path)}: call() of ${className} returned another state than it was given. ` +
        'Change the state that it is given, and return that or nothing.',
      { path },
    )
  }
}
