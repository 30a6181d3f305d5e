/** Whether the latents of one autoencoder mean the same to another. */
import type { Autoencoder } from './autoencoder-base'

/** Settings that say what latents are. */
const LATENT_SETTINGS = ['latentChannels', 'scalingFactor', 'shiftFactor', 'latentsMean', 'latentsStd'] as const

/**
 * Returns the settings by which the latents of two autoencoders differ, with both values as JSON; none if a denoiser's latents of one can be decoded by the
 * other. Scales are compared within a class alone: an `AutoencoderTiny` is trained on the scaled latents of another autoencoder.
 */
export function latentDifferences(
  one: Autoencoder,
  other: Autoencoder,
): { setting: string; values: readonly [string, string] }[] {
  const isOfOneClass = one.constructor === other.constructor
  const pairs = [
    ...LATENT_SETTINGS.filter(setting => isOfOneClass || setting === 'latentChannels').map(
      setting => [setting, one.config[setting], other.config[setting]] as const,
    ),
    ['spatialFactor', one.spatialFactor, other.spatialFactor] as const,
  ]
  return pairs.flatMap(([setting, ...values]) => {
    const [a, b] = values.map(value => JSON.stringify(value ?? null)) as [string, string]
    return a === b ? [] : [{ setting, values: [a, b] as const }]
  })
}
