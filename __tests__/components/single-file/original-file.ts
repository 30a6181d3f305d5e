/** Writes one file in the original key layout of Stable Diffusion 1 with the weights of a folder in the diffusers layout. */
import { join } from 'node:path'
import { type WeightTensor, writeSafetensors } from '../../../components/checkpoints/write-safetensors'
import { AutoencoderKL } from '../../../components/models/autoencoder-kl/autoencoder-kl'
import { CLIPTextModel } from '../../../components/models/clip-text/clip-text-model'
import type { PretrainedModel } from '../../../components/models/pretrained-model'
import { UNet2DConditionModel } from '../../../components/models/unet-2d-condition/unet-2d-condition-model'
import type { SingleFileComponent } from '../../../components/single-file/file-kind'
import { keySources } from '../../../components/single-file/map-file-keys'

const PREFIXES = {
  unet: 'model.diffusion_model.',
  vae: 'first_stage_model.',
  text_encoder: 'cond_stage_model.transformer.',
} as const satisfies Partial<Record<SingleFileComponent, string>>

/** What is written beside the weights, and what they are written as. */
export interface OriginalFileOptions {
  extra?: Record<string, WeightTensor>
  metadata?: Record<string, string>
  /** Folder of another UNet inside of the model's folder. */
  unet?: string
}

/** Writes the file. Its keys are those of `keySources`, which the goldens hold against the reference's. */
export async function writeOriginalFile(folder: string, to: string, options: OriginalFileOptions = {}): Promise<void> {
  const { extra = {}, metadata = {}, unet = 'unet' } = options
  const tensors: Record<string, WeightTensor> = { ...extra }
  const models: Record<keyof typeof PREFIXES, PretrainedModel> = {
    unet: await UNet2DConditionModel.fromPretrained(join(folder, unet)),
    vae: await AutoencoderKL.fromPretrained(join(folder, 'vae')),
    text_encoder: await CLIPTextModel.fromPretrained(join(folder, 'text_encoder')),
  }
  for (const [component, model] of Object.entries(models) as [keyof typeof PREFIXES, PretrainedModel][]) {
    const prefix = PREFIXES[component]
    const hasAttention = [...model.namedParameters()].some(([name]) => name.startsWith('up_blocks.0.attentions.'))
    for (const [name, parameter] of model.namedParameters()) {
      const sources = keySources(name, { component, config: model.config }, { layout: 'original', prefix })
      // The change of size lies behind the attention, where the level has one.
      const isBare = sources.length > 1 && component === 'unet' && name.startsWith('up_blocks.0.') && !hasAttention
      const key = sources[isBare ? 1 : 0]?.key
      if (key === undefined) throw new Error(`${name} has no place in an original file.`)
      tensors[prefix + key] = { dtype: 'F32', shape: parameter.shape, data: parameter.read() }
    }
    model.dispose()
  }
  await writeSafetensors(to, tensors, metadata)
}
