/** The `images` area: what processors make of pictures, and what files are read as. */
import { join } from 'node:path'
import { CLIPImageProcessor } from '../../../components/images/clip-image-processor'
import type { CropRegion } from '../../../components/images/crop'
import { Image } from '../../../components/images/image'
import { loadImage } from '../../../components/images/load-image'
import { type ImageInput, VaeImageProcessor } from '../../../components/images/vae-image-processor'
import * as tf from '../../../components/tensors/tf'
import { toCamelCase } from '../../../src'
import { expectClose, GoldenMismatch } from '../compare'
import { type GoldenCase, type GoldenTensor, type Json, type Tolerance, UnsupportedGoldenError } from '../golden-case'
import { toChannelsFirst } from '../layout'

interface TensorName {
  tensor: string
}

interface RecordedCall {
  name: string
  call: string
  config: Json
  arguments: Readonly<Record<string, unknown>>
  outputs: Readonly<Record<string, unknown>>
}

const EXACT: Tolerance = { atol: 0, rtol: 0 }

/** The arguments of a call: pictures in place of tensors of bytes. */
type CallArguments = Readonly<Record<string, unknown>>

/** A call by our names: what it gives has the goldens' names. Tensors are the caller's. */
type ImageCall = (config: Json, given: CallArguments, folder: string) => Promise<Readonly<Record<string, unknown>>>

const calls: Readonly<Record<string, ImageCall>> = {
  clip_preprocess: async (config, { images }) => ({
    pixel_values: await CLIPImageProcessor.fromConfig(config).preprocess(images as Image[]),
  }),
  preprocess: async (config, { image, cropsCoords, ...options }) => {
    const processor = VaeImageProcessor.fromConfig(config)
    const region = cropsCoords as CropRegion | undefined
    return { values: await processor.preprocessAsync(image as ImageInput, { ...options, cropRegion: region }) }
  },
  postprocess: async (config, { images, doDenormalize }) => {
    const options = {
      outputType: 'image',
      doDenormalize: (doDenormalize ?? undefined) as boolean[] | undefined,
    } as const
    return { images: await VaeImageProcessor.fromConfig(config).postprocess(images as tf.Tensor4D, options) }
  },
  get_crop_region: async (config, { maskImage, width, height, pad }) => {
    const options = { width: width as number, height: height as number, padding: pad as number }
    return { region: VaeImageProcessor.fromConfig(config).getCropRegion(maskImage as Image, options) }
  },
  blur: async (config, { image, blurFactor }) => ({
    image: await VaeImageProcessor.fromConfig(config).blur(image as Image, blurFactor as number),
  }),
  apply_overlay: async (config, { mask, initImage, image, cropCoords }) => {
    const images = { mask, initImage, image } as { mask: Image; initImage: Image; image: Image }
    const cropRegion = (cropCoords ?? undefined) as CropRegion | undefined
    return { image: await VaeImageProcessor.fromConfig(config).applyOverlay({ ...images, cropRegion }) }
  },
  load_image: async (_config, { file }, folder) => ({ image: await loadImage(join(folder, file as string)) }),
}

/** Checks one case. */
export async function checkImagesCase(golden: GoldenCase): Promise<void> {
  for (const recorded of golden.json.calls as RecordedCall[]) {
    const call = calls[recorded.call]
    if (call === undefined) throw new UnsupportedGoldenError(`the call ${recorded.call}`)
    const given: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(recorded.arguments)) {
      given[toCamelCase(name)] = await readArgument(golden, value)
    }
    let outputs: Readonly<Record<string, unknown>> = {}
    try {
      outputs = await call(recorded.config, given, golden.folder)
      for (const [name, value] of Object.entries(recorded.outputs)) {
        await compare(golden, `${recorded.name} ${name}`, outputs[name], value)
      }
    } finally {
      const all = [...Object.values(given), ...Object.values(outputs)].flat()
      tf.dispose(all.filter(value => value instanceof tf.Tensor))
    }
  }
}

/** An argument of a call: a picture for a tensor of bytes. */
async function readArgument(golden: GoldenCase, value: unknown): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map(item => readArgument(golden, item)))
  if (!isTensorName(value)) return value
  const tensor = await golden.tensor(value.tensor)
  return tensor.dtype === 'U8' ? toImage(tensor) : toChannelsLast(tensor)
}

async function compare(golden: GoldenCase, where: string, ours: unknown, recorded: unknown): Promise<void> {
  if (Array.isArray(recorded) && recorded.some(isTensorName)) {
    for (const [i, item] of recorded.entries()) await compare(golden, `${where} ${i}`, (ours as unknown[])[i], item)
    return
  }
  if (!isTensorName(recorded)) {
    if (JSON.stringify(ours) === JSON.stringify(recorded)) return
    throw new GoldenMismatch(where, JSON.stringify(recorded), JSON.stringify(ours))
  }
  const tensor = await golden.tensor(recorded.tensor)
  if (!(ours instanceof Image)) {
    expectClose(where, toChannelsFirst(ours as tf.Tensor), tensor, golden.tolerance(EXACT))
    return
  }
  const { width, height, channels, data } = ours
  const shape = channels === 1 ? [height, width] : [height, width, channels]
  expectClose(where, { shape, values: data }, tensor, EXACT)
}

/** Numbers of pictures, of which channels are the last dimension but for `[batch, height, width]`. */
function toChannelsLast(recorded: GoldenTensor): tf.Tensor {
  const [first = 0] = recorded.shape
  return tf.tidy(() => {
    const tensor = tf.tensor(Float32Array.from(recorded.values), [...recorded.shape])
    if (tensor.rank === 4) return tensor.transpose([0, 2, 3, 1])
    return first === 3 ? tensor.transpose([1, 2, 0]) : tensor
  })
}

function toImage({ shape, values }: GoldenTensor): Image {
  const [height = 0, width = 0, channels = 1] = shape
  return new Image({ width, height, channels: channels as 1 | 3 | 4, data: Uint8Array.from(values) })
}

function isTensorName(value: unknown): value is TensorName {
  return typeof value === 'object' && value !== null && 'tensor' in value
}
