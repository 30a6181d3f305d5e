/** A picture of the web that cannot be read. */
import { ModularError } from '../../src/errors/modular-error'

/** A server does not answer, refuses, or sends more than a picture may have. */
export class ImageDownloadError extends ModularError {
  override readonly code = 'IMAGE_DOWNLOAD'

  constructor(
    /** The address, without what may be secret in it. */
    readonly address: string,
    problem: string,
    cause?: unknown,
  ) {
    super(`${address}: ${problem} Check the address, or download the file and pass its path.`, { cause })
  }
}
