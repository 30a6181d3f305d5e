/** What the configs of autoencoders have in common. */

/** What pipelines read of the settings of any autoencoder. */
export interface AutoencoderConfig {
  /** Channels of a picture: 3. */
  readonly inChannels: number
  /** Channels of a decoded picture: 3. */
  readonly outChannels: number
  /** Channels of the latents. */
  readonly latentChannels: number
  /** Latents are multiplied by this before they go to the denoiser, and divided by it before they are decoded. */
  readonly scalingFactor: number
  /** Taken from the latents before they are scaled. */
  readonly shiftFactor: number | null
  /** Mean of each channel of the latents. With `latentsStd`, taken from them in place of the shift. */
  readonly latentsMean?: readonly number[] | null
  /** Standard deviation of each channel of the latents, which they are divided by. */
  readonly latentsStd?: readonly number[] | null
  /** Whether the reference computes this model in float32 when its weights are in half precision. Here all models are. */
  readonly forceUpcast: boolean
}
