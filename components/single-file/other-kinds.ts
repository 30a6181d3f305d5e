/** Files that are recognised, and that are not models of a family which is read from one file. */
import { otherMethod, parseLoraKey } from '../adapters/lora/lora-keys'
import type { FileTensors } from './file-kind'

/** How one kind of file is recognised. */
export interface OtherFileKind {
  /** What it holds, in words. */
  readonly label: string
  readonly advice: string
  readonly test: (tensors: FileTensors) => boolean
}

/** Keys of transformers stand at the top, or below the name that other programs give to a denoiser. */
const DENOISER = ['', 'model.diffusion_model.', 'net.']

const UNSUPPORTED = 'This family is not supported yet.'

/** A denoiser that has one of these keys. */
function family(label: string, ...keys: readonly string[]): OtherFileKind {
  return {
    label,
    advice: UNSUPPORTED,
    test: tensors => keys.some(key => DENOISER.some(prefix => tensors.has(prefix + key))),
  }
}

/** Whether the UNet takes that many channels. */
function takesChannels(count: number): OtherFileKind['test'] {
  return tensors => tensors.get('model.diffusion_model.input_blocks.0.0.weight')?.shape[1] === count
}

function hasKey(pattern: RegExp): OtherFileKind['test'] {
  return tensors => {
    for (const key of tensors.keys()) if (pattern.test(key)) return true
    return false
  }
}

const ADAPTER_ADVICE = 'Pass it with --lora, or to loadLoraWeights(), beside the model that it was made for.'

/** Whether a key is one that only adapters of weights have, whichever program wrote them. */
function isLoraKey(key: string): boolean {
  const part = parseLoraKey(key)?.part
  return part === 'down' || part === 'up' || otherMethod(key) !== undefined
}

/** The kinds, the more special ones first. */
export const otherKinds: readonly OtherFileKind[] = [
  {
    label: 'a Control-LoRA',
    advice: 'Use a ControlNet that is published with all of its weights.',
    test: tensors => tensors.has('lora_controlnet'),
  },
  { label: 'a LoRA', advice: ADAPTER_ADVICE, test: tensors => [...tensors.keys()].some(isLoraKey) },
  {
    label: 'an IP-Adapter',
    advice: 'Pass it with --ip-adapter, or to loadIpAdapter(), beside the model that it was made for.',
    test: hasKey(/^(?:image_proj|ip_adapter)\./),
  },
  {
    label: 'a textual inversion',
    advice: 'Pass it with --embedding, or to loadTextualInversion(), beside the model that it was made for.',
    test: tensors =>
      tensors.has('emb_params') || (tensors.size <= 2 && tensors.has('clip_l')) || isSingleVector(tensors),
  },
  {
    label: 'a T2I-Adapter',
    advice:
      'Pass its folder with --t2i-adapter, or to T2IAdapter.fromPretrained(), beside the model that it was made for.',
    test: tensors =>
      tensors.has('adapter.conv_in.weight') ||
      tensors.has('body.0.block1.weight') ||
      tensors.has('adapter.body.0.resnets.0.block1.weight'),
  },
  {
    label: 'a ControlNetUnion',
    advice: 'Pass its folder with --control and --control-mode, or to ControlNetUnionModel.fromPretrained().',
    test: tensors => tensors.has('task_embedding') && tensors.has('controlnet_cond_embedding.conv_in.weight'),
  },
  {
    label: 'a motion module (AnimateDiff)',
    advice: 'It makes videos, which is not supported.',
    test: hasKey(/(?:^|\.)motion_modules\./),
  },
  { label: 'Playground 2.5', advice: UNSUPPORTED, test: tensors => tensors.has('edm_mean') },
  { label: 'Stable Video Diffusion', advice: UNSUPPORTED, test: hasKey(/\.time_stack\./) },
  { label: 'InstructPix2Pix', advice: UNSUPPORTED, test: takesChannels(8) },
  { label: "Stable Diffusion's upscaler", advice: UNSUPPORTED, test: takesChannels(7) },
  { label: 'Stable Diffusion 2 with depth', advice: UNSUPPORTED, test: takesChannels(5) },
  family('Flux.2', 'single_stream_modulation.lin.weight'),
  family('Flux.3', 'early_stream_modulations.image.lin.weight'),
  family('Chroma', 'distilled_guidance_layer.in_proj.bias'),
  family('Hunyuan Video', 'txt_in.individual_token_refiner.blocks.0.adaLN_modulation.1.bias'),
  family('Flux', 'double_blocks.0.img_attn.norm.key_norm.scale', 'double_blocks.0.img_attn.qkv.weight'),
  family('Stable Diffusion 3', 'joint_blocks.0.context_block.adaLN_modulation.1.bias'),
  family('Stable Cascade', 'clip_txt_mapper.weight', 'down_blocks.1.0.channelwise.0.weight'),
  family('AuraFlow', 'double_layers.0.attn.w2q.weight'),
  family('LTX Video', 'patchify_proj.weight'),
  family('Mochi', 'blocks.0.attn.qkv_x.weight'),
  family('Z-Image', 'layers.0.adaLN_modulation.0.weight'),
  family('Lumina 2', 'cap_embedder.0.weight'),
  family('Sana', 'blocks.0.cross_attn.kv_linear.weight'),
  family('Wan', 'head.modulation'),
  family('HiDream', 'double_stream_blocks.0.block.adaLN_modulation.1.bias'),
  family('Cosmos', 'x_embedder.proj.1.weight'),
  family('Qwen-Image', 'txt_in.text_norm.weight', 'transformer_blocks.0.img_mod.1.weight'),
  { label: "Flux's VAE", advice: UNSUPPORTED, test: hasLatentChannels(16) },
]

/** A file of one embedding: a vector, or a few, of a known width or named as words are, e.g. `<cat-toy>`. */
function isSingleVector(tensors: FileTensors): boolean {
  const [entry, ...others] = tensors
  if (entry === undefined || others.length > 0) return false
  const [key, { shape }] = entry
  return shape.length <= 2 && (/^<.+>$/.test(key) || [768, 1024, 1280].includes(shape.at(-1) ?? 0))
}

/** A VAE in its original layout whose latents have that many channels, and no layers between them and its coders. */
function hasLatentChannels(count: number): OtherFileKind['test'] {
  return tensors =>
    tensors.get('decoder.conv_in.weight')?.shape[1] === count && tensors.has('decoder.up.0.block.0.norm1.weight')
}
