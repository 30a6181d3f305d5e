/** Text that no PNG file can hold. */
import { ModularError } from '../../src/errors/modular-error'

/** A keyword or its text is not allowed in a PNG file. */
export class InvalidPngTextError extends ModularError {
  override readonly code = 'INVALID_PNG_TEXT'

  constructor(
    /** The keyword that the text should have been stored under. */
    readonly keyword: string,
    problem: string,
  ) {
    super(`The PNG keyword ${JSON.stringify(keyword)} ${problem}.`)
  }
}
