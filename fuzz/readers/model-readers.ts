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
  StableDiffusionSafetyChecker,
  UNet2DConditionModel,
} from '../../index'
import { anyValue, damaged, jsonFile, mostly, pointerFile, safetensors, spoiled } from '../inputs'
import { type Reader, reader, write } from '../reader'

const UNET = {
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

/** What the header of a file of weights says of one tensor. */
interface Entry {
  dtype: unknown
  shape: unknown
  data_offsets: unknown
}
type Header = Record<string, unknown>

/** One change of a header: of the tensor with that number. */
type Change = readonly [at: number, key: keyof Entry | 'name' | 'size', value: unknown]

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(
    fc.nat(),
    fc.constant('dtype' as const),
    fc.oneof(fc.constantFrom('F64', 'F16', 'BF16', 'I64', 'BOOL', 'f32'), anyValue),
  ),
  fc.tuple(fc.nat(), fc.constant('shape' as const), fc.oneof(fc.array(fc.nat(40), { maxLength: 5 }), anyValue)),
  fc.tuple(
    fc.nat(),
    fc.constant('data_offsets' as const),
    fc.oneof(fc.array(fc.nat(20_000), { maxLength: 3 }), anyValue),
  ),
  // Another name, or none: the tensor is missing. Another size changes the places of all that follow: the file stays consistent.
  fc.tuple(
    fc.nat(),
    fc.constant('name' as const),
    fc.oneof(fc.constantFrom(undefined, '__metadata__', '__proto__'), fc.string()),
  ),
  fc.tuple(fc.nat(), fc.constant('size' as const), fc.array(fc.nat(20), { maxLength: 4 })),
)

/** How the weights differ from those of the right config. */
const spoiledWeights = fc.oneof(
  { weight: 5, arbitrary: fc.constant([] as Change[]) },
  { weight: 5, arbitrary: fc.array(change, { minLength: 1, maxLength: 3 }) },
)
const otherFile = mostly(
  null,
  fc.oneof(
    pointerFile,
    fc.tuple(fc.nat(), fc.nat()),
    damaged(safetensors('{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}')),
  ),
)

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
  let shapes: [string, readonly number[]][] | undefined
  const shapesOfModel = () => {
    const model = type.fromConfig(right)
    const found = [...model.namedParameters()].map(([key, { shape }]): [string, readonly number[]] => [key, shape])
    model.dispose()
    return found
  }
  const config = mostly(JSON.stringify(right), jsonFile(spoiled(right)))
  const inputs = fc.tuple(config, spoiledWeights, otherFile, fc.boolean())
  return reader(name, inputs, async ([text, changes, other, lazy], folder) => {
    shapes ??= shapesOfModel()
    const whole = weightsFile(shapes, changes)
    const file = other === null ? whole : other instanceof Uint8Array ? other : cut(whole, other)
    write(folder, { 'config.json': text, [`${weightsName}.safetensors`]: file })
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

/** A file cut off, or with a byte changed, in its header mostly. */
function cut(file: Buffer, [at, byte]: readonly [number, number]): Buffer {
  if (byte % 3 === 0) return file.subarray(0, at % file.length)
  const copy = Buffer.from(file)
  copy[at % Math.min(file.length, 2000)] = byte
  return copy
}

function weightsFile(shapes: readonly [string, readonly number[]][], changes: readonly Change[]): Buffer {
  const sizes = shapes.map(([name, shape]) => ({ name, shape }))
  const entryAt = (at: number) => sizes[at % sizes.length] as (typeof sizes)[number]
  for (const [at, key, value] of changes) if (key === 'size') entryAt(at).shape = value as number[]
  let position = 0
  const header: Header = {}
  for (const { name, shape } of sizes) {
    const end = position + 4 * shape.reduce((product, size) => product * size, 1)
    header[name] = { dtype: 'F32', shape, data_offsets: [position, end] } satisfies Entry
    position = end
  }
  for (const [at, key, value] of changes) {
    const { name } = entryAt(at)
    const entry = header[name] as Entry | undefined
    if (key === 'size' || entry === undefined) continue
    if (key !== 'name') entry[key] = value
    else {
      delete header[name]
      if (typeof value === 'string')
        Object.defineProperty(header, value, { value: entry, enumerable: true, configurable: true })
    }
  }
  return safetensors(JSON.stringify(header), new Uint8Array(position))
}

/** Read models with their weights. */
export const modelReaders: readonly Reader<unknown>[] = [
  modelReader('unet', UNet2DConditionModel, UNET, 'diffusion_pytorch_model'),
  modelReader('vae', AutoencoderKL, VAE, 'diffusion_pytorch_model'),
  modelReader('vae-tiny', AutoencoderTiny, TINY_VAE, 'diffusion_pytorch_model'),
  modelReader('text-encoder', CLIPTextModel, CLIP, 'model'),
  modelReader('image-encoder', CLIPVisionModelWithProjection, CLIP_VISION, 'model'),
  modelReader('safety-checker', StableDiffusionSafetyChecker, SAFETY_CHECKER, 'model'),
]
