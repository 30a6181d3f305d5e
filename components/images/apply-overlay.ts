/** Puts what was not painted again back into a picture. Counterpart: diffusers image_processor.py (apply_overlay). */
import { compositeLoop, rgbaLoop } from './alpha-composite'
import { grayscaleLoop, rgbLoop } from './convert-channels'
import { type CropRegion, crop } from './crop'
import { Image } from './image'
import { ImageSizeError } from './image-size-error'
import { multiplyBytes, premultiplyLoop, unpremultiplyLoop } from './premultiply'
import type { Resample } from './resample'
import { resizeInModeLoop } from './resize-modes'

/** What an overlay is made of. */
export interface OverlayOptions {
  /** White where the new picture shows; of the size of `initImage`. */
  readonly mask: Image
  /** The picture as it was. */
  readonly initImage: Image
  /** The new picture. */
  readonly image: Image
  /** The part of the old picture that the new one is of. Default: the whole. */
  readonly cropRegion?: CropRegion | undefined
  readonly resample: Resample
}

/** The new picture where the mask is white, and the old one where it is black, in RGB. @throws ImageSizeError for a mask of another size */
export function* overlayLoop(options: OverlayOptions): Generator<void, Image, void> {
  const { mask, initImage, cropRegion, resample } = options
  const { width, height } = initImage
  if (mask.width !== width || mask.height !== height) {
    const sizes = `the mask is ${mask.width} × ${mask.height} and the picture ${width} × ${height}`
    throw new ImageSizeError(`An overlay needs a mask of the picture's size, but ${sizes} pixels.`)
  }
  const old = yield* keptPart(initImage, mask)
  let { image } = options
  if (cropRegion !== undefined) {
    const [left, top, right, bottom] = cropRegion
    const size = { width: right - left, height: bottom - top, resample }
    const part = yield* resizeInModeLoop(image, 'crop', size)
    image = crop(part, [-left, -top, width - left, height - top])
  }
  const result = yield* rgbaLoop(image)
  const data = Uint8Array.from(result.data)
  yield* compositeLoop(data, crop(old, [0, 0, result.width, result.height]).data)
  return yield* rgbLoop(new Image({ width: result.width, height: result.height, channels: 4, data }))
}

/** The part of a picture where a mask is black; elsewhere it is transparent. */
function* keptPart(image: Image, mask: Image): Generator<void, Image, void> {
  const { width, height } = image
  const data = yield* premultiplyLoop((yield* rgbaLoop(image)).data)
  const grey = yield* grayscaleLoop(mask)
  for (let i = 0; i < data.length; i++) data[i] = multiplyBytes(data[i] as number, 255 - (grey.data[i >> 2] as number))
  return new Image({ width, height, channels: 4, data: yield* unpremultiplyLoop(data) })
}
