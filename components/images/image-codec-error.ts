/** The library that reads and writes image files is missing. */
import { ModularError } from '../../src/errors/modular-error'

/** sharp cannot be loaded: it is not installed, or not for this system. */
export class ImageCodecError extends ModularError {
  override readonly code = 'IMAGE_CODEC'

  constructor(cause: unknown) {
    super(`Image files need the package sharp, which cannot be loaded: ${(cause as Error).message}`, { cause })
  }
}
