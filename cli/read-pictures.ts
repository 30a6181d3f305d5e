/** The pictures that `tesserae generate` begins with: files, addresses of the web, or standard input. */
import { basename } from 'node:path'
import { imageFileBytes } from '../components/images/decode-image'
import { printableAddress, webAddress } from '../components/images/download-image'
import type { Image } from '../components/images/image'
import { InvalidImageError } from '../components/images/invalid-image-error'
import { loadImage } from '../components/images/load-image'
import { readStandardInput, type StandardInputProblem } from './read-standard-input'
import { UnfitOptionError } from './unfit-option-error'

/** Where the pictures are: paths, addresses of the web, or `-`. */
export interface PictureSources {
  image?: string | undefined
  mask?: string | undefined
}

/** The pictures that options name, by the input that each becomes. */
export interface Pictures {
  image?: Image
  maskImage?: Image
}

/** Stands for standard input. */
const STANDARD_INPUT = '-'

/**
 * Reads the pictures.
 *
 * @throws UnfitOptionError for a mask without a picture; MissingFileError, InvalidImageError, ImageDownloadError
 */
export async function readPictures({ image, mask }: PictureSources, signal?: AbortSignal): Promise<Pictures> {
  if (mask !== undefined && image === undefined) {
    throw new UnfitOptionError('--mask', 'there is no picture for the mask. Add --image.')
  }
  return {
    ...(image !== undefined && { image: await readPicture(image, signal) }),
    ...(mask !== undefined && { maskImage: await readPicture(mask, signal) }),
  }
}

/** Names a picture in the record of a run: a file's own name, or an address without what may be secret in it. */
export function pictureName(source: string): string {
  const address = webAddress(source)
  return address === undefined ? basename(source) : printableAddress(address)
}

/** Reads a picture from a file, an address of the web, or standard input. @throws MissingFileError, InvalidImageError, ImageDownloadError */
export async function readPicture(source: string, signal: AbortSignal | undefined): Promise<Image> {
  return loadImage(source === STANDARD_INPUT ? await readInput() : source, { signal })
}

function readInput(): Promise<Uint8Array> {
  const most = imageFileBytes({})
  const problems: Readonly<Record<StandardInputProblem, string>> = {
    'too-long': `holds more than ${most} bytes.`,
    'is-folder': 'is a folder. Pass a picture: --image - < picture.png',
  }
  return readStandardInput(most, problem => new InvalidImageError('standard input', problems[problem]))
}
