/** The original names of the weights of a VAE. Counterpart: diffusers single_file_utils.py (convert_ldm_vae_checkpoint). */

const ATTENTION_PARTS: Readonly<Record<string, string>> = {
  group_norm: 'norm',
  to_q: 'q',
  to_k: 'k',
  to_v: 'v',
  'to_out.0': 'proj_out',
}

/**
 * Returns the name of a weight in an original file, without the prefix.
 *
 * @param name in the diffusers layout
 * @param levels of the decoder, which the file counts from the other end
 */
export function originalVAEKey(name: string, levels: number): string {
  return name
    .replace(/\bconv_norm_out\b/, 'norm_out')
    .replace(/\bconv_shortcut\b/, 'nin_shortcut')
    .replace(/\bdown_blocks\.(\d+)\.resnets\./, 'down.$1.block.')
    .replace(/\bdown_blocks\.(\d+)\.downsamplers\.0\./, 'down.$1.downsample.')
    .replace(/\bup_blocks\.(\d+)\.resnets\./, (_, level: string) => `up.${levels - 1 - Number(level)}.block.`)
    .replace(/\bup_blocks\.(\d+)\.upsamplers\.0\./, (_, level: string) => `up.${levels - 1 - Number(level)}.upsample.`)
    .replace(/\bmid_block\.resnets\.(\d+)\./, (_, index: string) => `mid.block_${Number(index) + 1}.`)
    .replace(
      /\bmid_block\.attentions\.0\.(.*)\.(weight|bias)$/,
      (_, part: string, weight: string) => `mid.attn_1.${ATTENTION_PARTS[part] ?? part}.${weight}`,
    )
}
