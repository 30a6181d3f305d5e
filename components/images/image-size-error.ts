/** Images whose number or size does not fit. */
import { ModularError } from '../../src/errors/modular-error'

/** Images that should be of one size are not, there are none of them, or they are too small. */
export class ImageSizeError extends ModularError {
  override readonly code = 'IMAGE_SIZE'
}
