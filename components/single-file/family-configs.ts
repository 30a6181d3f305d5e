/** The settings of the models of each family, which its files do not hold. The figures are those of the published configs. */
import type { RawConfig } from '../configs/parse-config'
import type { SingleFileComponent, SingleFileFamily } from './file-kind'

type FamilyConfigs = Readonly<Partial<Record<SingleFileComponent, RawConfig>>>

const crossAttention = (levels: number) => Array.from({ length: levels }, () => 'CrossAttnDownBlock2D')
const crossAttentionUp = (levels: number) => Array.from({ length: levels }, () => 'CrossAttnUpBlock2D')

const UNET = { in_channels: 4, out_channels: 4, layers_per_block: 2, norm_num_groups: 32, norm_eps: 1e-5 }

const UNET_1 = {
  ...UNET,
  sample_size: 64,
  block_out_channels: [320, 640, 1280, 1280],
  down_block_types: [...crossAttention(3), 'DownBlock2D'],
  up_block_types: ['UpBlock2D', ...crossAttentionUp(3)],
  cross_attention_dim: 768,
  attention_head_dim: 8,
}

const UNET_2 = {
  ...UNET_1,
  sample_size: 96,
  cross_attention_dim: 1024,
  attention_head_dim: [5, 10, 20, 20],
  use_linear_projection: true,
}

const UNET_XL = {
  ...UNET,
  sample_size: 128,
  block_out_channels: [320, 640, 1280],
  down_block_types: ['DownBlock2D', ...crossAttention(2)],
  up_block_types: [...crossAttentionUp(2), 'UpBlock2D'],
  cross_attention_dim: 2048,
  attention_head_dim: [5, 10, 20],
  transformer_layers_per_block: [1, 2, 10],
  use_linear_projection: true,
  addition_embed_type: 'text_time',
  addition_time_embed_dim: 256,
  projection_class_embeddings_input_dim: 2816,
}

const UNET_XL_REFINER = {
  ...UNET_XL,
  block_out_channels: [384, 768, 1536, 1536],
  down_block_types: ['DownBlock2D', ...crossAttention(2), 'DownBlock2D'],
  up_block_types: ['UpBlock2D', ...crossAttentionUp(2), 'UpBlock2D'],
  cross_attention_dim: 1280,
  attention_head_dim: [6, 12, 24, 24],
  transformer_layers_per_block: 4,
  projection_class_embeddings_input_dim: 2560,
}

const VAE = {
  in_channels: 3,
  out_channels: 3,
  block_out_channels: [128, 256, 512, 512],
  down_block_types: Array.from({ length: 4 }, () => 'DownEncoderBlock2D'),
  up_block_types: Array.from({ length: 4 }, () => 'UpDecoderBlock2D'),
  latent_channels: 4,
  layers_per_block: 2,
  norm_num_groups: 32,
  sample_size: 512,
  scaling_factor: 0.18215,
}

const VAE_XL = { ...VAE, sample_size: 1024, scaling_factor: 0.13025 }

const CLIP = { vocab_size: 49408, max_position_embeddings: 77, bos_token_id: 0, eos_token_id: 2, pad_token_id: 1 }

/** The text model of CLIP ViT-L/14. */
const CLIP_L = {
  ...CLIP,
  hidden_size: 768,
  intermediate_size: 3072,
  num_attention_heads: 12,
  num_hidden_layers: 12,
  hidden_act: 'quick_gelu',
  projection_dim: 768,
}

/** The text model of OpenCLIP ViT-H/14 without its last layer. */
const OPEN_CLIP_H = {
  ...CLIP,
  hidden_size: 1024,
  intermediate_size: 4096,
  num_attention_heads: 16,
  num_hidden_layers: 23,
  hidden_act: 'gelu',
  projection_dim: 512,
}

/** The text model of OpenCLIP ViT-bigG/14. */
const OPEN_CLIP_BIG_G = {
  ...CLIP,
  hidden_size: 1280,
  intermediate_size: 5120,
  num_attention_heads: 20,
  num_hidden_layers: 32,
  hidden_act: 'gelu',
  projection_dim: 1280,
}

/** A ControlNet has the settings of the UNet that it steers, but for those of the UNet's result. */
function controlNetOf({ up_block_types: _, out_channels: __, sample_size: ___, ...config }: RawConfig): RawConfig {
  return { ...config, conditioning_embedding_out_channels: [16, 32, 96, 256] }
}

/** Family → settings of its models, by the names of their folders. */
export const familyConfigs: Readonly<Record<SingleFileFamily, FamilyConfigs>> = {
  'stable-diffusion-1': { unet: UNET_1, vae: VAE, text_encoder: CLIP_L, controlnet: controlNetOf(UNET_1) },
  'stable-diffusion-2': { unet: UNET_2, vae: VAE, text_encoder: OPEN_CLIP_H, controlnet: controlNetOf(UNET_2) },
  'stable-diffusion-xl': {
    unet: UNET_XL,
    vae: VAE_XL,
    text_encoder: CLIP_L,
    text_encoder_2: OPEN_CLIP_BIG_G,
    controlnet: controlNetOf(UNET_XL),
  },
  'stable-diffusion-xl-refiner': { unet: UNET_XL_REFINER, vae: VAE_XL, text_encoder_2: OPEN_CLIP_BIG_G },
}
