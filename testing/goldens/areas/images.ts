/** The `images` area: what processors make of pictures, and what files are read as. */
import { CLIPImageProcessor } from '../../../components/images/clip-image-processor'
import { Image } from '../../../components/images/image'
import * as tf from '../../../components/tensors/tf'
import { expectClose } from '../compare'
import { type GoldenCase, type GoldenTensor, type Json, UnsupportedGoldenError } from '../golden-case'
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

/** The arguments of a call: pictures in place of tensors of bytes. */
type CallArguments = Readonly<Record<string, unknown>>

/** A call by our names: what it gives has the goldens' names. Tensors are the caller's. */
type ImageCall = (config: Json, given: CallArguments) => Promise<Readonly<Record<string, unknown>>>

const calls: Readonly<Record<string, ImageCall>> = {
  clip_preprocess: async (config, { images }) => ({
    pixel_values: await CLIPImageProcessor.fromConfig(config).preprocess(images as Image[]),
  }),
}

/** Checks one case. */
export async function checkImagesCase(golden: GoldenCase): Promise<void> {
  for (const recorded of golden.json.calls as RecordedCall[]) {
    const call = calls[recorded.call]
    if (call === undefined) throw new UnsupportedGoldenError(`the call ${recorded.call}`)
    const given: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(recorded.arguments)) given[name] = await readArgument(golden, value)
    const outputs = await call(recorded.config, given)
    try {
      for (const [name, value] of Object.entries(recorded.outputs)) {
        await compare(golden, `${recorded.name} ${name}`, outputs[name], value)
      }
    } finally {
      tf.dispose(Object.values(outputs).filter(output => output instanceof tf.Tensor))
    }
  }
}

async function readArgument(golden: GoldenCase, value: unknown): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map(item => readArgument(golden, item)))
  if (!isTensorName(value)) return value
  const tensor = await golden.tensor(value.tensor)
  return tensor.dtype === 'U8' ? toImage(tensor) : tensor
}

async function compare(golden: GoldenCase, where: string, ours: unknown, recorded: unknown): Promise<void> {
  const tolerance = golden.tolerance({ atol: 0, rtol: 0 })
  const tensor = await golden.tensor((recorded as TensorName).tensor)
  expectClose(where, toChannelsFirst(ours as tf.Tensor), tensor, tolerance)
}

function toImage({ shape, values }: GoldenTensor): Image {
  const [height = 0, width = 0, channels = 1] = shape
  return new Image({ width, height, channels: channels as 1 | 3 | 4, data: Uint8Array.from(values) })
}

function isTensorName(value: unknown): value is TensorName {
  return typeof value === 'object' && value !== null && 'tensor' in value
}
