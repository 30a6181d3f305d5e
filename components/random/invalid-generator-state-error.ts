/** Bytes that are not the state of a generator. */
import { ModularError } from '../../src/errors/modular-error'

/** A generator cannot continue from these bytes. */
export class InvalidGeneratorStateError extends ModularError {
  override readonly code = 'INVALID_GENERATOR_STATE'

  constructor(problem: string) {
    super(
      `The state of a generator ${problem}: pass the result of getState() or of torch.Generator('cpu').get_state().`,
    )
  }
}
