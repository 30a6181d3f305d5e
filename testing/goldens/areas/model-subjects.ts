/** How each class of models is loaded and called for the `models` area. */
import type { Autoencoder, TilingOptions } from '../../../components/models/autoencoder/autoencoder'
import { AutoencoderKL } from '../../../components/models/autoencoder-kl/autoencoder-kl'
import { AutoencoderTiny } from '../../../components/models/autoencoder-tiny/autoencoder-tiny'
import { type CLIPTextInputs, CLIPTextModel } from '../../../components/models/clip-text/clip-text-model'
import { CLIPTextModelWithProjection } from '../../../components/models/clip-text/clip-text-model-with-projection'
import type { CLIPVisionInputs } from '../../../components/models/clip-vision/clip-vision-model'
import { CLIPVisionModelWithProjection } from '../../../components/models/clip-vision/clip-vision-model-with-projection'
import { ControlNetModel } from '../../../components/models/controlnet/controlnet-model'
import { ControlNetUnionModel } from '../../../components/models/controlnet/controlnet-union-model'
import type {
  ControlNetInputs,
  ControlNetOutput,
  ControlNetUnionInputs,
} from '../../../components/models/controlnet/inputs'
import type { ModuleHook } from '../../../components/models/hooks/module-hook'
import type { PretrainedModel } from '../../../components/models/pretrained-model'
import {
  type SafetyCheckerInputs,
  StableDiffusionSafetyChecker,
} from '../../../components/models/safety-checker/stable-diffusion-safety-checker'
import { T2IAdapter } from '../../../components/models/t2i-adapter/t2i-adapter'
import type { UNet2DConditionInputs } from '../../../components/models/unet-2d-condition/inputs'
import { UNet2DConditionModel } from '../../../components/models/unet-2d-condition/unet-2d-condition-model'
import { Generator } from '../../../components/random/generator'
import { randnTensor } from '../../../components/random/randn-tensor'
import * as tf from '../../../components/tensors/tf'

/** The arguments of a call by our names. */
export type ModelInputs = Readonly<Record<string, unknown>>

/** A model with a way to make one of its calls; the outputs have the goldens' names. */
export interface ModelSubject {
  readonly model: PretrainedModel
  call(kind: string, inputs: ModelInputs, hooks: readonly ModuleHook[]): Promise<Readonly<Record<string, tf.Tensor>>>
}

/** How each class is loaded and called. */
export const modelSubjects: Readonly<Record<string, (folder: string) => Promise<ModelSubject>>> = {
  UNet2DConditionModel: async folder => {
    const model = await UNet2DConditionModel.fromPretrained(folder)
    return {
      model,
      call: async (_kind, inputs, hooks) => ({
        sample: await model.call(inputs as unknown as UNet2DConditionInputs, { hooks }),
      }),
    }
  },
  ControlNetModel: async folder => {
    const model = await ControlNetModel.fromPretrained(folder)
    return { model, call: async (_kind, inputs) => residuals(await model.call(inputs as unknown as ControlNetInputs)) }
  },
  ControlNetUnionModel: async folder => {
    const model = await ControlNetUnionModel.fromPretrained(folder)
    return {
      model,
      call: async (_kind, inputs) => residuals(await model.call(inputs as unknown as ControlNetUnionInputs)),
    }
  },
  T2IAdapter: async folder => {
    const model = await T2IAdapter.fromPretrained(folder)
    return {
      model,
      call: async (_kind, inputs) => {
        const { features } = await model.call(inputs.x as tf.Tensor4D)
        return Object.fromEntries(features.map((map, i) => [`features.${i}`, map]))
      },
    }
  },
  AutoencoderKL: async folder => {
    const model = await AutoencoderKL.fromPretrained(folder)
    return {
      model,
      call: (kind, inputs) => {
        setPieces(model, inputs)
        return kind === 'encode' ? encode(model, inputs) : decode(model, inputs)
      },
    }
  },
  AutoencoderTiny: async folder => {
    const model = await AutoencoderTiny.fromPretrained(folder)
    return {
      model,
      call: (kind, inputs) => {
        setPieces(model, inputs)
        return kind === 'decode' ? decode(model, inputs) : encodeTiny(model, inputs)
      },
    }
  },
  CLIPTextModel: async folder => {
    const model = await CLIPTextModel.fromPretrained(folder)
    return { model, call: (_kind, inputs) => encodeText(model, model, inputs) }
  },
  CLIPVisionModelWithProjection: async folder => {
    const model = await CLIPVisionModelWithProjection.fromPretrained(folder)
    return { model, call: (_kind, inputs) => embedImages(model, inputs) }
  },
  StableDiffusionSafetyChecker: async folder => {
    const model = await StableDiffusionSafetyChecker.fromPretrained(folder)
    return { model, call: (_kind, inputs) => checkSafety(model, inputs) }
  },
  CLIPTextModelWithProjection: async folder => {
    const model = await CLIPTextModelWithProjection.fromPretrained(folder)
    return { model, call: (_kind, inputs) => encodeText(model, model.textModel, inputs) }
  },
}

/** The maps of a ControlNet by the goldens' names. */
function residuals({ downBlockResSamples, midBlockResSample }: ControlNetOutput): Record<string, tf.Tensor> {
  const down = downBlockResSamples.map((map, i) => [`down_block_res_samples.${i}`, map] as const)
  return { ...Object.fromEntries(down), mid_block_res_sample: midBlockResSample }
}

/** Tiles and slices as a call was recorded with: without them unless it says so. */
function setPieces(model: Autoencoder, { tiling, slicing, tileSampleMinSize, tileOverlapFactor }: ModelInputs): void {
  const sizes = { tileSampleMinSize, tileOverlapFactor } as TilingOptions
  const given = Object.fromEntries(Object.entries(sizes).filter(([, value]) => value !== undefined))
  if (tiling) model.enableTiling(given)
  else model.disableTiling()
  if (slicing) model.enableSlicing()
  else model.disableSlicing()
}

async function decode(model: Autoencoder, inputs: ModelInputs): Promise<Record<string, tf.Tensor>> {
  return { sample: await model.decode(inputs.z as tf.Tensor4D) }
}

async function encode(model: AutoencoderKL, inputs: ModelInputs): Promise<Record<string, tf.Tensor>> {
  const distribution = await model.encode(inputs.x as tf.Tensor4D)
  const { moments, mean, logvar, std } = distribution
  const seed = inputs.sampleGeneratorSeed
  if (seed === undefined) return { moments, mean, logvar, std }
  const noise = randnTensor(mean.shape, new Generator(seed as number))
  const sample = distribution.sample(noise)
  noise.dispose()
  return { moments, mean, logvar, std, mode: distribution.mode(), sample }
}

async function encodeTiny(model: AutoencoderTiny, inputs: ModelInputs): Promise<Record<string, tf.Tensor>> {
  const { latents } = await model.encode(inputs.x as tf.Tensor4D)
  const scaled = model.toUnitRange(latents)
  return { latents, scaled, unscaled: model.fromUnitRange(scaled) }
}

async function encodeText(
  model: CLIPTextModel | CLIPTextModelWithProjection,
  textModel: CLIPTextModel,
  inputs: ModelInputs,
): Promise<Record<string, tf.Tensor>> {
  const output = await model.call({ ...(inputs as unknown as CLIPTextInputs), outputHiddenStates: true })
  const { hiddenStates } = output
  const skipped = (layers: number) => textModel.finalLayerNorm.forward(hiddenStates.at(-1 - layers) as tf.Tensor3D)
  return {
    last_hidden_state: output.lastHiddenState,
    ...('textEmbeds' in output ? { text_embeds: output.textEmbeds } : { pooler_output: output.poolerOutput }),
    ...Object.fromEntries(hiddenStates.map((states, i) => [`hidden_states.${i}`, states])),
    clip_skip_1: skipped(1),
    clip_skip_2: skipped(2),
  }
}

async function embedImages(
  model: CLIPVisionModelWithProjection,
  inputs: ModelInputs,
): Promise<Record<string, tf.Tensor>> {
  const given = { ...(inputs as unknown as CLIPVisionInputs), outputHiddenStates: true }
  const { imageEmbeds, lastHiddenState, hiddenStates } = await model.call(given)
  return {
    image_embeds: imageEmbeds,
    last_hidden_state: lastHiddenState,
    ...Object.fromEntries(hiddenStates.map((states, i) => [`hidden_states.${i}`, states])),
  }
}

async function checkSafety(
  model: StableDiffusionSafetyChecker,
  inputs: ModelInputs,
): Promise<Record<string, tf.Tensor>> {
  const { images, hasNsfwConcepts, scores } = await model.call(inputs as unknown as SafetyCheckerInputs<tf.Tensor4D>)
  return {
    images,
    has_nsfw_concepts: tf.tensor1d(hasNsfwConcepts, 'bool'),
    special_scores: tf.tensor2d(scores.map(({ special }) => [...special])),
    concept_scores: tf.tensor2d(scores.map(({ concepts }) => [...concepts])),
  }
}
