/** Masks of OpenAI's edits: what is transparent is to be changed. Those of pipelines are white there. */
import { Image } from '../../../components'
import { InvalidImageError } from '../../../components/images/invalid-image-error'
import { parameterProblem } from './openai-error'

/** The pictures of an edit, as base64 of PNG files or of what was sent. */
export interface EditPictures {
  readonly image: string
  /** White where the picture is to be changed. */
  readonly maskImage: string | undefined
}

/**
 * Turns a picture and its mask into inputs of a pipeline. Without a mask, the transparent part of the picture is the mask.
 *
 * @param allowsMask whether the pipeline takes masks; `undefined` if transparency is ignored, as in variations
 * @throws Problem for what cannot be read, a mask without opacity, and one of another size
 */
export async function readEditPictures(
  image: Buffer,
  mask: Buffer | undefined,
  allowsMask: boolean | undefined,
  maxPixels: number,
): Promise<EditPictures> {
  const picture = await read(image, 'image', maxPixels)
  const shape = mask === undefined ? picture : await read(mask, 'mask', maxPixels)
  if (mask !== undefined && !allowsMask) {
    throw parameterProblem('mask', 'The model has no workflow for masks. Leave it out, or choose another model.')
  }
  if (mask !== undefined && shape.channels !== 4) {
    throw parameterProblem('mask', 'It must be a picture with an alpha channel: what is transparent is changed.')
  }
  if (shape.width !== picture.width || shape.height !== picture.height) {
    const sizes = `the picture has ${picture.width} × ${picture.height} pixels, the mask ${shape.width} × ${shape.height}`
    throw parameterProblem('mask', `It must have the size of the picture: ${sizes}.`)
  }
  const isMasked = allowsMask !== undefined && shape.channels === 4 && (mask !== undefined || hasTransparency(shape))
  const sent = picture.channels === 4 ? await toBase64(withoutAlpha(picture)) : image.toString('base64')
  if (!isMasked) return { image: sent, maskImage: undefined }
  if (!allowsMask)
    throw parameterProblem('image', 'It is transparent in part, and the model has no workflow for masks.')
  return { image: sent, maskImage: await toBase64(invertedAlpha(shape)) }
}

async function read(bytes: Buffer, param: string, maxPixels: number): Promise<Image> {
  try {
    return await Image.load(bytes, { maxPixels })
  } catch (error) {
    if (!(error instanceof InvalidImageError)) throw error
    throw parameterProblem(param, `It is not an image that can be read, or has more than ${maxPixels} pixels.`)
  }
}

function hasTransparency({ data }: Image): boolean {
  for (let i = 3; i < data.length; i += 4) if (data[i] === 0) return true
  return false
}

function invertedAlpha({ width, height, data }: Image): Image {
  const mask = new Uint8Array(width * height)
  for (let i = 0; i < mask.length; i++) mask[i] = 255 - (data[4 * i + 3] as number)
  return new Image({ width, height, channels: 1, data: mask })
}

function withoutAlpha({ width, height, data }: Image): Image {
  const colours = new Uint8Array(width * height * 3)
  for (let i = 0; i < width * height; i++) colours.set(data.subarray(4 * i, 4 * i + 3), 3 * i)
  return new Image({ width, height, channels: 3, data: colours })
}

async function toBase64(image: Image): Promise<string> {
  return (await image.toPng()).toString('base64')
}
