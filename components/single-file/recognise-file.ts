/** Recognises what a file holds by its keys and shapes. Counterpart: diffusers loaders/single_file_utils.py (infer_diffusers_model_type). */
import { printableName } from '../../src/errors/printable'
import type {
  CheckpointKind,
  FileKind,
  FilePart,
  FileTensors,
  OtherKind,
  SingleFileComponent,
  SingleFileFamily,
  UnknownKind,
} from './file-kind'
import { otherKinds } from './other-kinds'

/** What the keys of a UNet begin with in a file of a whole model. */
const UNET_PREFIX = 'model.diffusion_model.'

/** Input channels of a UNet that inpaints: latents, mask, and latents of the masked picture. */
const INPAINTING_CHANNELS = 9

/** What the VAE's keys begin with: in a whole model, in a whole model of other programs, and in a file of its own. */
const VAE_PREFIXES = ['first_stage_model.', 'vae.', '']

/**
 * Recognises a file. It reads no numbers.
 *
 * @param architecture what a GGUF file calls its model
 */
export function recogniseFile(tensors: FileTensors, architecture?: string): FileKind {
  const other = otherKinds.find(({ test }) => test(tensors))
  if (other) return { kind: 'other', label: other.label, advice: other.advice }
  return recogniseCheckpoint(tensors) ?? otherArchitecture(architecture) ?? unknownKind(tensors)
}

/** What GGUF files call the UNets of the families that are read. */
const KNOWN_ARCHITECTURES = ['sd1', 'sd2', 'sdxl']

/** A GGUF file of a model that is not known by its keys. */
function otherArchitecture(architecture: string | undefined): OtherKind | undefined {
  if (architecture === undefined || KNOWN_ARCHITECTURES.includes(architecture)) return undefined
  return {
    kind: 'other',
    label: `a GGUF file of the architecture "${printableName(architecture)}"`,
    advice: 'Only models of Stable Diffusion 1, 2 and XL are read from GGUF files.',
  }
}

function recogniseCheckpoint(tensors: FileTensors): CheckpointKind | undefined {
  const parts = findParts(tensors)
  if (Object.keys(parts).length === 0) return undefined
  const { unet, controlnet } = parts
  const conv =
    unet && tensors.get(unet.prefix + (unet.layout === 'diffusers' ? 'conv_in.weight' : 'input_blocks.0.0.weight'))
  return {
    kind: 'checkpoint',
    family: familyOf(tensors, parts, (unet ?? controlnet)?.prefix),
    isInpainting: conv?.shape[1] === INPAINTING_CHANNELS,
    parts,
  }
}

function findParts(tensors: FileTensors): Partial<Record<SingleFileComponent, FilePart>> {
  const controlnet = findControlNet(tensors)
  if (controlnet) return { controlnet }
  const unet = findUNet(tensors)
  const vae = findVAE(tensors)
  return { ...findTextEncoders(tensors), ...(unet && { unet }), ...(vae && { vae }) }
}

function findControlNet(tensors: FileTensors): FilePart | undefined {
  for (const prefix of ['control_model.', '']) {
    if (tensors.has(`${prefix}zero_convs.0.0.weight`) && tensors.has(`${prefix}input_hint_block.0.weight`)) {
      return { layout: 'original', prefix }
    }
  }
  return tensors.has('controlnet_cond_embedding.conv_in.weight') && tensors.has('controlnet_mid_block.weight')
    ? { layout: 'diffusers', prefix: '' }
    : undefined
}

function findUNet(tensors: FileTensors): FilePart | undefined {
  for (const prefix of [UNET_PREFIX, '']) {
    if (tensors.has(`${prefix}input_blocks.0.0.weight`)) return { layout: 'original', prefix }
  }
  const isDiffusers = ['conv_in.weight', 'time_embedding.linear_1.weight', 'conv_norm_out.weight'].every(key =>
    tensors.has(key),
  )
  return isDiffusers ? { layout: 'diffusers', prefix: '' } : undefined
}

function findVAE(tensors: FileTensors): FilePart | undefined {
  const prefix = VAE_PREFIXES.find(prefix => tensors.has(`${prefix}decoder.up.0.block.0.norm1.weight`))
  if (prefix !== undefined) return { layout: 'original', prefix }
  return tensors.has('decoder.up_blocks.0.resnets.0.norm1.weight') ? { layout: 'diffusers', prefix: '' } : undefined
}

/** The text encoders of a whole model. */
function findTextEncoders(tensors: FileTensors): Partial<Record<SingleFileComponent, FilePart>> {
  const open = (prefix: string): FilePart | undefined =>
    tensors.has(`${prefix}transformer.resblocks.0.ln_1.weight`) ? { layout: 'open-clip', prefix } : undefined
  const clip = (prefix: string): FilePart | undefined =>
    // Some merged files lack the name of the model's outer part.
    ['text_model.', ''].some(part => tensors.has(`${prefix}${part}encoder.layers.0.layer_norm1.weight`))
      ? { layout: 'original', prefix }
      : undefined
  const second = open('conditioner.embedders.1.model.') ?? open('conditioner.embedders.0.model.')
  const first =
    open('cond_stage_model.model.') ??
    clip('cond_stage_model.transformer.') ??
    clip('conditioner.embedders.0.transformer.')
  return { ...(first && { text_encoder: first }), ...(second && { text_encoder_2: second }) }
}

/** The family, by the text encoders where the file has them, otherwise by the width of the text that the network takes. */
function familyOf(
  tensors: FileTensors,
  { text_encoder: first, text_encoder_2: second }: CheckpointKind['parts'],
  prefix: string | undefined,
): SingleFileFamily {
  if (second)
    return second.prefix === 'conditioner.embedders.0.model.' ? 'stable-diffusion-xl-refiner' : 'stable-diffusion-xl'
  if (first) {
    if (first.layout === 'open-clip') return 'stable-diffusion-2'
    return first.prefix.startsWith('conditioner.') ? 'stable-diffusion-xl' : 'stable-diffusion-1'
  }
  switch (prefix === undefined ? undefined : textEmbeddingWidth(tensors, prefix)) {
    case 1024:
      return 'stable-diffusion-2'
    case 2048:
      return 'stable-diffusion-xl'
    case 1280:
      return 'stable-diffusion-xl-refiner'
    default:
      return 'stable-diffusion-1'
  }
}

/** Width of the text that cross attention takes. */
function textEmbeddingWidth(tensors: FileTensors, prefix: string): number | undefined {
  for (const [key, { shape }] of tensors)
    if (key.startsWith(prefix) && key.endsWith('attn2.to_k.weight')) return shape[1]
  return undefined
}

/** Words for what keys look like that are not recognised as a whole. */
const TRAITS: readonly (readonly [pattern: RegExp, label: string])[] = [
  [/(?:^|\.)(?:input_blocks|output_blocks|middle_block)\.\d+\./, 'the UNet of Stable Diffusion in its original layout'],
  [/^(?:down_blocks|up_blocks|mid_block)\./, 'a UNet or ControlNet in the diffusers layout'],
  [/(?:^|\.)(?:encoder|decoder)\.(?:down|up|mid)(?:\.|_blocks?\.)/, 'a VAE'],
  [/(?:^|\.)text_model\.(?:encoder|embeddings)\./, "CLIP's text model"],
  [/(?:^|\.)transformer\.resblocks\.\d+\./, "OpenCLIP's text model"],
  [/(?:^|\.)vision_model\.encoder\./, "CLIP's vision model"],
  [
    /(?:^|\.)(?:transformer_blocks|single_transformer_blocks)\.\d+\./,
    'a diffusion transformer in the diffusers layout',
  ],
  [/(?:^|\.)(?:double_blocks|single_blocks)\.\d+\./, 'a Flux or Hunyuan transformer'],
  [/(?:^|\.)(?:zero_convs|input_hint_block)\./, 'a ControlNet in its original layout'],
  [/lora|\.alpha$/, 'an adapter (LoRA)'],
  [/^model_ema\./, 'the averaged weights of a training run (EMA)'],
]

/** Keys that say that a file resembles something. */
const FEWEST_ALIKE = 1

function unknownKind(tensors: FileTensors): UnknownKind {
  const counts = TRAITS.map(([pattern, label]) => {
    let count = 0
    for (const key of tensors.keys()) if (pattern.test(key)) count++
    return { label, count }
  })
  const alike = counts.filter(({ count }) => count >= FEWEST_ALIKE).sort((a, b) => b.count - a.count)
  return {
    kind: 'unknown',
    resembles: alike.map(({ label, count }) => `${label} (${count} of ${tensors.size} tensors)`),
  }
}
