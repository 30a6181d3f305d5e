/** From a VAE's own latents to those that denoisers work on, and back. Counterpart: decoders.py and encoders.py of diffusers modular_pipelines/stable_diffusion_xl. */
import { emitWarningOnce } from '../../../src/errors/emit-warning'
import { classNameOf } from '../../../src/format/class-name'
import { ConfigError } from '../../configs/config-error'
import * as tf from '../../tensors/tf'

/** How latents are scaled. */
export interface LatentScaleOptions {
  /** Whether `latentsMean` and `latentsStd` are applied if the config has them. Default: true. */
  statistics?: boolean
  /** Whether `shiftFactor` is applied where the statistics are not. Default: true. */
  shift?: boolean
}

/** A model with the settings that say how latents are scaled. */
interface LatentScaleModel {
  readonly config: {
    readonly latentChannels: number
    readonly scalingFactor: number
    readonly shiftFactor: number | null
    readonly latentsMean?: readonly number[] | null
    readonly latentsStd?: readonly number[] | null
  }
}

/** `(latents - mean) * scalingFactor / std` with the statistics, otherwise `(latents - shiftFactor) * scalingFactor`. @throws ConfigError */
export function scaleLatents(
  latents: tf.Tensor4D,
  model: LatentScaleModel,
  options: LatentScaleOptions = {},
): tf.Tensor4D {
  const { scalingFactor } = model.config
  const shiftFactor = shiftOf(model, options)
  return tf.tidy(() => {
    const statistics = statisticsOf(model, options)
    if (statistics) return latents.sub(statistics.mean).mul(scalingFactor).div<tf.Tensor4D>(statistics.std)
    const centred = shiftFactor === null ? latents : latents.sub<tf.Tensor4D>(shiftFactor)
    return centred.mul(scalingFactor)
  })
}

/** Undoes {@link scaleLatents}: `latents * std / scalingFactor + mean`, or `latents / scalingFactor + shiftFactor`. @throws ConfigError */
export function unscaleLatents(
  latents: tf.Tensor4D,
  model: LatentScaleModel,
  options: LatentScaleOptions = {},
): tf.Tensor4D {
  const { scalingFactor } = model.config
  const shiftFactor = shiftOf(model, options)
  return tf.tidy(() => {
    const statistics = statisticsOf(model, options)
    if (statistics) return latents.mul(statistics.std).div(scalingFactor).add<tf.Tensor4D>(statistics.mean)
    const unscaled = latents.div<tf.Tensor4D>(scalingFactor)
    return shiftFactor === null ? unscaled : unscaled.add(shiftFactor)
  })
}

function shiftOf({ config }: LatentScaleModel, { shift = true }: LatentScaleOptions): number | null {
  return shift ? config.shiftFactor : null
}

/** Mean and standard deviation of each channel, in place of the shift. As in the reference, both must be there. */
function statisticsOf(
  model: LatentScaleModel,
  { statistics = true }: LatentScaleOptions,
): { mean: tf.Tensor1D; std: tf.Tensor1D } | undefined {
  const { latentChannels, latentsMean = null, latentsStd = null } = model.config
  if (!statistics || (latentsMean === null && latentsStd === null)) return undefined
  if (latentsMean === null || latentsStd === null) {
    const [given, missing] = latentsMean === null ? ['latents_std', 'latents_mean'] : ['latents_mean', 'latents_std']
    emitWarningOnce('SETTING_IGNORED', `The VAE has ${given} and no ${missing}: ${given} is ignored.`)
    return undefined
  }
  const problems = Object.entries({ latents_mean: latentsMean, latents_std: latentsStd }).flatMap(([key, values]) =>
    values.length === latentChannels
      ? []
      : { key, problem: `has ${values.length} elements, but latent_channels is ${latentChannels}` },
  )
  if (problems.length > 0) throw new ConfigError(classNameOf(model), problems, undefined)
  return { mean: tf.tensor1d([...latentsMean]), std: tf.tensor1d([...latentsStd]) }
}
