/** A variant that cannot be part of a file's name. */
import { ModularError } from '../../src/errors/modular-error'

/** `variant` is not a plain word: a file named by it would be elsewhere, or nobody would find it. */
export class InvalidVariantError extends ModularError {
  override readonly code = 'INVALID_VARIANT'

  constructor(
    /** What was given. */
    readonly variant: unknown,
  ) {
    super(
      `The variant must be made of letters, digits, "_", "-" and ".", such as "fp16", but is ${JSON.stringify(variant)}.`,
    )
  }
}
