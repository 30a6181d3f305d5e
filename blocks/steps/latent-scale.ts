/** Which settings of a VAE scale its latents for a denoiser. */
import type { Autoencoder, LatentScaleOptions } from '../../components'
import { emitWarningOnce } from '../../src'

/** Returns how latents of a VAE are scaled. Warns of a shift that the config has and the pipeline ignores. */
export function latentScale(vae: Autoencoder, options: Required<LatentScaleOptions>): LatentScaleOptions {
  const shift = vae.config.shiftFactor ?? 0
  if (shift !== 0 && !options.shift) {
    const message = `The VAE has shift_factor ${shift}. It is ignored: as in the reference, Stable Diffusion's pipelines do not shift latents.`
    emitWarningOnce('SETTING_IGNORED', message)
  }
  return options
}
