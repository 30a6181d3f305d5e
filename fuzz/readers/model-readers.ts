/** The readers of models: a config, and weights that fit the config it was made from. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import type { PretrainedModel } from '../../components/models/pretrained-model'
import {
  AutoencoderKL,
  AutoencoderTiny,
  CLIPTextModel,
  CLIPVisionModelWithProjection,
  ControlNetModel,
  ControlNetUnionModel,
  StableDiffusionSafetyChecker,
  T2IAdapter,
  UNet2DConditionModel,
} from '../../index'
import { jsonFile, mostly, spoiled } from '../inputs'
import { type Reader, reader, write } from '../reader'
import { makeWeights, type Shapes, weightsInput } from '../weights'

/** A UNet that is quick to make. */
export const UNET = {
  sample_size: 8,
  in_channels: 4,
  out_channels: 4,
  block_out_channels: [8, 16],
  layers_per_block: 1,
  cross_attention_dim: 8,
  attention_head_dim: 2,
  norm_num_groups: 4,
  norm_eps: 1e-5,
  act_fn: 'silu',
  down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
  transformer_layers_per_block: 1,
  time_cond_proj_dim: null,
}
const VAE = {
  in_channels: 3,
  out_channels: 3,
  latent_channels: 4,
  block_out_channels: [8],
  layers_per_block: 1,
  norm_num_groups: 4,
  act_fn: 'silu',
  sample_size: 8,
  scaling_factor: 0.18,
  down_block_types: ['DownEncoderBlock2D'],
  up_block_types: ['UpDecoderBlock2D'],
  mid_block_add_attention: true,
}
const TINY_VAE = {
  in_channels: 3,
  out_channels: 3,
  latent_channels: 4,
  encoder_block_out_channels: [8, 8],
  decoder_block_out_channels: [8, 8],
  num_encoder_blocks: [1, 1],
  num_decoder_blocks: [1, 1],
  act_fn: 'relu',
  upsample_fn: 'nearest',
  upsampling_scaling_factor: 2,
  latent_magnitude: 3,
  latent_shift: 0.5,
}
const CLIP_VISION = {
  hidden_size: 8,
  intermediate_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_channels: 3,
  image_size: 16,
  patch_size: 8,
  hidden_act: 'quick_gelu',
  layer_norm_eps: 1e-5,
  projection_dim: 8,
}
const SAFETY_CHECKER = {
  projection_dim: 8,
  text_config: {},
  vision_config: CLIP_VISION,
  architectures: ['StableDiffusionSafetyChecker'],
}
const CLIP = {
  vocab_size: 10,
  hidden_size: 8,
  intermediate_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  max_position_embeddings: 8,
  hidden_act: 'quick_gelu',
  layer_norm_eps: 1e-5,
  eos_token_id: 1,
  projection_dim: 8,
  architectures: ['CLIPTextModel'],
}

const CONTROLNET = {
  in_channels: 4,
  conditioning_channels: 3,
  block_out_channels: [8, 16],
  layers_per_block: 1,
  cross_attention_dim: 8,
  attention_head_dim: 2,
  norm_num_groups: 4,
  norm_eps: 1e-5,
  act_fn: 'silu',
  down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
  transformer_layers_per_block: 1,
  conditioning_embedding_out_channels: [4, 8],
  global_pool_conditions: false,
}
const CONTROLNET_UNION = {
  ...CONTROLNET,
  addition_embed_type: 'text_time',
  addition_time_embed_dim: 4,
  projection_class_embeddings_input_dim: 32,
  num_control_type: 6,
  num_trans_channel: 8,
  num_trans_head: 2,
  num_trans_layer: 1,
  num_proj_channel: 8,
}
const T2I_ADAPTER = {
  in_channels: 3,
  channels: [8, 16],
  num_res_blocks: 1,
  downscale_factor: 8,
  adapter_type: 'full_adapter',
}

interface ModelClass {
  fromConfig(config: Record<string, unknown>): PretrainedModel
  fromPretrained(folder: string, options: { executor: 'eager'; lazy: boolean }): Promise<PretrainedModel>
}

function modelReader(
  name: string,
  type: ModelClass,
  right: Record<string, unknown>,
  weightsName: string,
): Reader<unknown> {
  let shapes: Shapes | undefined
  const shapesOfModel = (): Shapes => {
    const model = type.fromConfig(right)
    const found = [...model.namedParameters()].map(([key, { shape }]) => [key, shape] as const)
    model.dispose()
    return found
  }
  const config = mostly(JSON.stringify(right), jsonFile(spoiled(right)))
  const inputs = fc.tuple(config, weightsInput, fc.boolean())
  return reader(name, inputs, async ([text, weights, lazy], folder) => {
    shapes ??= shapesOfModel()
    write(folder, { 'config.json': text, [`${weightsName}.safetensors`]: makeWeights(shapes, weights) })
    const model = await type.fromPretrained(folder, { executor: 'eager', lazy })
    try {
      for (const parameter of model.parameters()) {
        await parameter.fetch()
        parameter.tensor.shape
      }
    } finally {
      model.dispose()
      rmSync(join(folder, `${weightsName}.safetensors`))
    }
  })
}

/** Read models with their weights. */
export const modelReaders: readonly Reader<unknown>[] = [
  modelReader('unet', UNet2DConditionModel, UNET, 'diffusion_pytorch_model'),
  modelReader('vae', AutoencoderKL, VAE, 'diffusion_pytorch_model'),
  modelReader('vae-tiny', AutoencoderTiny, TINY_VAE, 'diffusion_pytorch_model'),
  modelReader('text-encoder', CLIPTextModel, CLIP, 'model'),
  modelReader('image-encoder', CLIPVisionModelWithProjection, CLIP_VISION, 'model'),
  modelReader('safety-checker', StableDiffusionSafetyChecker, SAFETY_CHECKER, 'model'),
  modelReader('controlnet', ControlNetModel, CONTROLNET, 'diffusion_pytorch_model'),
  modelReader('controlnet-union', ControlNetUnionModel, CONTROLNET_UNION, 'diffusion_pytorch_model'),
  modelReader('t2i-adapter', T2IAdapter, T2I_ADAPTER, 'diffusion_pytorch_model'),
]
