/** The pictures that a caller passes for ControlNets. Counterpart: prepare_control_image of diffusers' pipelines. */
import { z } from 'zod'
import { Image, instance, type MapSize, repeatRows, tensor, tf, type VaeImageProcessor } from '../../components'
import { InputTypeError } from '../../src'
import { countOfPictures, type GivenPictures, requirePixels } from './picture-tensors'
import { requireShares } from './repeat-pictures'

/** A picture for each network, or for each kind of a union model; each may be one for all results, or one for each prompt. */
export type ControlImages = GivenPictures | GivenPictures[]

const oneNetwork = [
  instance(Image),
  z.array(instance(Image)).min(1),
  // Each network may have pictures of another size.
  tensor('controlPictures controlHeight controlWidth 3'),
] as const

/** The input for the pictures. */
export const controlImageSchema = z
  .union([...oneNetwork, z.array(z.union([...oneNetwork])).min(1)])
  .describe(
    'What the picture should follow, such as an outline: one for all, or one for each prompt; of several ControlNets, a list with an element for each. Also as tensors of pixels from 0 to 1.',
  )

/** The input for the picture that a T2I-Adapter looks at. */
export const adapterImageSchema = z
  .union([...oneNetwork])
  .describe(
    'What a T2I-Adapter looks at, such as a sketch: one picture for all, or one for each prompt. Also as a tensor of pixels from 0 to 1.',
  )

/**
 * The pictures of each network. With one network, a list of pictures is one for each prompt; with several, or with kinds, one for each of them.
 *
 * @param count - how many there must be; `undefined` for any number, each a list element
 * @throws InputTypeError for another number
 */
export function picturesOf(
  given: ControlImages,
  count: number | undefined,
  { path, what }: { path: readonly string[]; what: string },
): GivenPictures[] {
  if (count === 1) {
    // A list of one that holds pictures of its own is taken as it is meant.
    const [only] = Array.isArray(given) && given.length === 1 ? given : [given]
    if (!Array.isArray(given) || given.every(picture => picture instanceof Image)) return [given as GivenPictures]
    if (given.length === 1) return [only as GivenPictures]
  } else if (Array.isArray(given) && (count === undefined || given.length === count)) {
    return given
  } else if (!Array.isArray(given) && count === undefined) {
    return [given]
  }
  const length = Array.isArray(given) ? given.length : 1
  const expected = `there must be a list with one element for each of the ${count} ${what}, and there are ${length}`
  throw new InputTypeError({ path, input: 'controlImage', expected, value: given })
}

/** How the pictures of one network are resized to the result. */
export interface ControlPictureOptions {
  readonly processor: VaeImageProcessor
  readonly path: readonly string[]
  /** Size of the result in pixels. */
  readonly size: MapSize
  readonly batchSize: number
  /** The part that is cut out, as it is of the picture to begin with. */
  readonly cropRegion: [number, number, number, number] | undefined
  readonly signal: AbortSignal | undefined
  /** Name of the input, for errors. Default: `controlImage`. */
  readonly input?: string | undefined
}

/**
 * The pictures of one network as `[rows, height, width, 3]` from 0 to 1: one row for all, or one for each prompt.
 *
 * @throws InputTypeError for tensors of another form, and for a number of pictures that cannot be shared out
 */
export async function controlPicture(given: GivenPictures, options: ControlPictureOptions): Promise<tf.Tensor4D> {
  const { processor, path, size, batchSize, cropRegion, signal, input = 'controlImage' } = options
  await requirePixels(given, { path, input, channels: 3 })
  requireShares(given, countOfPictures(given), { path, input, batchSize })
  if (cropRegion !== undefined && given instanceof tf.Tensor) {
    const expected = 'paddingMaskCrop crops it, which needs an Image. Leave paddingMaskCrop out, or pass an Image'
    throw new InputTypeError({ path, input, expected, value: given })
  }
  const resizeMode = cropRegion === undefined ? 'default' : 'fill'
  return processor.preprocessAsync(given, { ...size, cropRegion, resizeMode, signal })
}

/**
 * Makes what belongs to the rows of {@link controlPicture} fit the pictures of a run. One row for all stays one; others
 * are repeated as the prompts are: a, a, b, b.
 */
export async function shareOut(
  rows: tf.Tensor4D,
  batchSize: number,
  signal: AbortSignal | undefined,
): Promise<tf.Tensor4D> {
  const [own] = rows.shape
  return own === 1 ? rows : repeatRows(rows, batchSize / own, { signal })
}
