/** Loads sharp when the first image file is read or written, since it brings a large native library. */
import { ImageCodecError } from './image-codec-error'

/**
 * The library sharp.
 *
 * @throws ImageCodecError if it is not installed, or not for this system
 */
export function loadSharp(): typeof import('sharp') {
  try {
    return require('sharp')
  } catch (cause) {
    throw new ImageCodecError(cause)
  }
}
