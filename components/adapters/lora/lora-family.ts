/** Says which family of models a LoRA file was made for, by its keys and sizes. */
import type { Checkpoint } from '../../checkpoints/checkpoint'

/** Keys that only LoRAs of one family have. */
const FAMILY_KEYS: readonly (readonly [RegExp, family: string])[] = [
  [/^lora_unet_(?:double|single)_blocks_|single_transformer_blocks/, 'Flux'],
  [/^lora_unet_joint_blocks_|transformer\..*\bjoint_|(?:^|\.)joint_blocks\./, 'Stable Diffusion 3'],
  [/^lora_te2_|^text_encoder_2\.|lora_unet_input_blocks_\d+_1_transformer_blocks_[2-9]/, 'Stable Diffusion XL'],
]

/** Channels that the layers for texts take, in the families with a UNet. */
const TEXT_CHANNELS: Readonly<Record<number, string>> = {
  768: 'Stable Diffusion 1',
  1024: 'Stable Diffusion 2',
  1280: 'the refiner of Stable Diffusion XL',
  2048: 'Stable Diffusion XL',
}

/** The family that a file was made for; `undefined` if nothing tells. */
export function familyOf(file: Pick<Checkpoint, 'keys' | 'info'>): string | undefined {
  const known = FAMILY_KEYS.find(([pattern]) => file.keys.some(key => pattern.test(key)))
  if (known) return known[1]
  const key = file.keys.find(name => /attn2[._](?:processor\.)?to_k.*(?:down|lora_A)(?:\.\w+)?\.weight$/.test(name))
  const channels = key === undefined ? undefined : file.info(key).shape[1]
  const family = channels === undefined ? undefined : TEXT_CHANNELS[channels]
  if (family) return family
  return /^transformer\./.test(file.keys[0] ?? '') ? 'a model with a transformer in place of the UNet' : undefined
}
