/**
 * Colours of latents, as linear functions of their channels. The numbers were fitted to pictures and their latents, and are those that ComfyUI uses
 * (comfy/latent_formats.py, SD15 and SDXL).
 */

/** How the colours follow from the channels of a latent. */
export interface LatentRgbFactors {
  /** Red, green and blue of each channel, from -1 to 1. */
  readonly factors: readonly (readonly [number, number, number])[]
  readonly bias: readonly [number, number, number]
}

const STABLE_DIFFUSION: LatentRgbFactors = {
  factors: [
    [0.3512, 0.2297, 0.3227],
    [0.325, 0.4974, 0.235],
    [-0.2829, 0.1762, 0.2721],
    [-0.212, -0.2616, -0.7177],
  ],
  bias: [0, 0, 0],
}

const STABLE_DIFFUSION_XL: LatentRgbFactors = {
  factors: [
    [0.3651, 0.4232, 0.4341],
    [-0.2533, -0.0042, 0.1068],
    [0.1076, 0.1111, -0.0362],
    [-0.3165, -0.2492, -0.2188],
  ],
  bias: [0.1084, -0.0175, -0.0011],
}

/** The kinds of latents that are known, by the factor that their VAE scales them with. */
const BY_SCALING_FACTOR: Readonly<Record<number, LatentRgbFactors>> = {
  0.18215: STABLE_DIFFUSION,
  0.13025: STABLE_DIFFUSION_XL,
}

/** Returns the factors for the latents of a VAE; `undefined` for those of a kind that is not known. */
export function latentRgbFactorsFor(vae: {
  readonly latentChannels: number
  readonly scalingFactor: number
}): LatentRgbFactors | undefined {
  const found = BY_SCALING_FACTOR[vae.scalingFactor]
  return found?.factors.length === vae.latentChannels ? found : undefined
}
