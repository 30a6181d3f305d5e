/** Something that should be an image and is none. */
import { ModularError } from '../../src/errors/modular-error'

/** A file is damaged or in no known format, or pixels do not fit their width, height and channels. */
export class InvalidImageError extends ModularError {
  override readonly code = 'INVALID_IMAGE'

  constructor(
    /** The file, or another source of the image. */
    readonly source: string,
    problem: string,
    cause?: unknown,
  ) {
    super(`${source}: ${problem}`, { cause })
  }
}
