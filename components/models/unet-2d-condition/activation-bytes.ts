/** How much memory a UNet takes while it predicts, beside its weights. */
import type { UNetEncoderConfig } from './encoder-config'

/**
 * Values that are held at the peak for each value of the largest maps. The growth of the process from batch to batch
 * gives 41 at 256×256 pixels and 55 at 512×512, with Stable Diffusion 1.5 on ONNX Runtime's CPU provider.
 */
const VALUES_HELD = 55

/** Bytes that one sample takes at the peak, by estimate. */
export function activationBytes(
  { blockOutChannels }: Pick<UNetEncoderConfig, 'blockOutChannels'>,
  tokens: number,
): number {
  return 4 * VALUES_HELD * tokens * (blockOutChannels[0] ?? 0)
}

/**
 * Bytes of the attention scores of one sample where they are held as a whole, twice: at the largest map that has attention to itself.
 *
 * @param tokens number of positions of the latents
 */
export function attentionBytes(config: UNetEncoderConfig, tokens: number): number {
  const { downBlockTypes, attentionHeadDim, blockOutChannels } = config
  const level = downBlockTypes.findIndex(type => type.includes('CrossAttn'))
  if (level < 0) return 0
  const setting = Array.isArray(attentionHeadDim) ? (attentionHeadDim[level] ?? 1) : attentionHeadDim
  const isWidth = downBlockTypes[level]?.startsWith('Simple')
  const heads = isWidth ? (blockOutChannels[level] ?? 0) / setting : setting
  return 8 * heads * (tokens / 4 ** level) ** 2
}
