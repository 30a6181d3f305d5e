/** `tesserae export`: a component of a model as an .onnx file. */
import { join, resolve } from 'node:path'
import { defaultSize } from '../blocks/steps/latent-size'
import { type ExportOptions, exportOnnx } from '../components/backends/onnx/export-onnx'
import { TensorPlaceholder } from '../components/backends/recorder/tensor-tree'
import { readConfig } from '../components/configs/read-config'
import { GraphExecutor } from '../components/executors/graph/graph-executor'
import { AutoencoderKL } from '../components/models/autoencoder-kl/autoencoder-kl'
import { type CLIPTextInputs, CLIPTextModel } from '../components/models/clip-text/clip-text-model'
import { ModelInputError } from '../components/models/model-input-error'
import type { PretrainedModel } from '../components/models/pretrained-model'
import type { UNet2DConditionInputs } from '../components/models/unet-2d-condition/inputs'
import { UNet2DConditionModel } from '../components/models/unet-2d-condition/unet-2d-condition-model'
import type * as tf from '../components/tensors/tf'
import type { Size } from './arguments'

/** Options of the command, as commander gives them. */
export interface ExportCommandOptions {
  /** By the names that diffusers gives its own ONNX models. */
  component: 'unet' | 'vae_decoder' | 'vae_encoder' | 'text_encoder'
  out: string
  batch: number
  tokens?: number
  size?: Size
  json?: boolean
}

/** Tokens of a prompt where nothing says otherwise: what CLIP was trained with. */
const TOKENS = 77

/** Writes a component, and says where. */
export async function exportComponent(folder: string, options: ExportCommandOptions): Promise<void> {
  const { model, ...call } = await components[options.component](folder, options)
  try {
    const { file, weights, bytes } = await exportOnnx({ model, ...call }, resolve(options.out))
    if (options.json) console.log(JSON.stringify({ file, weights, bytes }, null, 2))
    else for (const path of [file, ...(weights ? [weights] : [])]) console.log(path)
  } finally {
    model.dispose()
  }
}

/** The call that is recorded for each component. The names of inputs and results become the model's. */
type Load = (
  folder: string,
  options: ExportCommandOptions,
) => Promise<ExportOptions<never> & { model: PretrainedModel }>

const components: Readonly<Record<ExportCommandOptions['component'], Load>> = {
  unet: async (folder, { batch, tokens = TOKENS, size }) => {
    const model = await UNet2DConditionModel.fromPretrained(folder, { subfolder: 'unet', executor })
    const { config } = model
    const [height, width] = await latentSize(folder, size, config.sampleSize)
    const textEmbeds = (config.projectionClassEmbeddingsInputDim ?? 0) - 6 * (config.additionTimeEmbedDim ?? 0)
    const inputs = {
      sample: new TensorPlaceholder([batch, height, width, config.inChannels]),
      timestep: new TensorPlaceholder([1]),
      encoderHiddenStates: new TensorPlaceholder([batch, tokens, [config.crossAttentionDim].flat()[0] as number]),
      ...(config.additionEmbedType === 'text_time' && {
        addedCondKwargs: {
          textEmbeds: new TensorPlaceholder([batch, textEmbeds]),
          timeIds: new TensorPlaceholder([batch, 6]),
        },
      }),
    }
    return recorded(model, (given: UNet2DConditionInputs) => ({ outSample: model.forward(given) }), inputs)
  },
  vae_decoder: async (folder, { batch, size }) => {
    const model = await AutoencoderKL.fromPretrained(folder, { subfolder: 'vae', executor })
    const { spatialFactor, config } = model
    const { height, width } = size ?? ownSize(config.sampleSize)
    const latent = new TensorPlaceholder([
      batch,
      inLatents(height, spatialFactor),
      inLatents(width, spatialFactor),
      config.latentChannels,
    ])
    type Given = { latentSample: tf.Tensor4D }
    return recorded(model, ({ latentSample }: Given) => ({ sample: model.forwardDecode(latentSample) }), {
      latentSample: latent,
    })
  },
  vae_encoder: async (folder, { batch, size }) => {
    const model = await AutoencoderKL.fromPretrained(folder, { subfolder: 'vae', executor })
    const { height, width } = size ?? ownSize(model.config.sampleSize)
    const sample = new TensorPlaceholder([batch, height, width, model.config.inChannels])
    return recorded(model, (given: { sample: tf.Tensor4D }) => ({ moments: model.forwardEncode(given.sample) }), {
      sample,
    })
  },
  text_encoder: async (folder, { batch, tokens }) => {
    const model = await CLIPTextModel.fromPretrained(folder, { subfolder: 'text_encoder', executor })
    const inputIds = new TensorPlaceholder([batch, tokens ?? model.config.maxPositionEmbeddings], 'int32')
    return recorded(model, (given: CLIPTextInputs) => model.forward(given), { inputIds })
  },
}

/** Leaves the weights in their files, from where they are copied. */
const executor = new GraphExecutor()

/** Placeholders stand for the tensors that the function takes. */
function recorded<I>(model: PretrainedModel, forward: (inputs: I) => unknown, inputs: object) {
  return { model, forward, inputs } as unknown as Awaited<ReturnType<Load>>
}

function ownSize(sampleSize: number | readonly [number, number] | null): Size {
  return { height: defaultSize(sampleSize, 'height'), width: defaultSize(sampleSize, 'width') }
}

/** @throws ModelInputError for a size that the VAE does not divide */
function inLatents(pixels: number, factor: number): number {
  if (pixels % factor === 0) return pixels / factor
  throw new ModelInputError('AutoencoderKL', 'size', `must be a multiple of ${factor}, but is ${pixels}`)
}

/** Height and width of a UNet's maps: for a picture of the given size, or what the UNet was trained on. */
async function latentSize(
  folder: string,
  size: Size | undefined,
  sampleSize: number | readonly [number, number] | null,
): Promise<[height: number, width: number]> {
  if (size) {
    const vae = AutoencoderKL.fromConfig(await readConfig(join(folder, 'vae'), 'config.json'))
    return [inLatents(size.height, vae.spatialFactor), inLatents(size.width, vae.spatialFactor)]
  }
  const { height, width } = ownSize(sampleSize)
  return [height, width]
}
