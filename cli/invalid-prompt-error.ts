/** A prompt that the command line cannot use. */
import { ModularError } from '../src/errors/modular-error'

/** There is no prompt, there are two, or its text cannot be read. */
export class InvalidPromptError extends ModularError {
  override readonly code = 'INVALID_PROMPT'

  constructor(problem: string, cause?: unknown) {
    super(`The prompt ${problem}`, { cause })
  }
}
