/** The conditions of a UNet of Stable Diffusion XL beside the prompt. Counterpart: _get_add_time_ids of StableDiffusionXLPipeline in diffusers. */
import { type CLIPTextModel, tf, type UNet2DConditionModel } from '../../components'
import { IncompatibleComponentsError } from '../../src'

/** Two numbers: height and width, or top and left. */
export type Pair = readonly [number, number]

/** The models that are compared. */
export interface ConditionedModels {
  readonly unet: UNet2DConditionModel
  /** Missing in a refiner. */
  readonly textEncoder: CLIPTextModel | undefined
}

/** Widths of what the UNet gets, and how blocks advise on them. */
export interface ConditioningWidths {
  /** Channels of the embedded tokens. */
  readonly embeds: number
  /** Channels of the pooled embedding. */
  readonly pooled: number
  /** Numbers of the time ids. */
  readonly timeIds: number
}

/** Returns the same numbers for each picture `[images, ids]`. */
export function timeIdsTensor(ids: readonly number[], images: number): tf.Tensor2D {
  return tf.tidy(() => tf.tile(tf.tensor2d([[...ids]]), [images, 1]))
}

/**
 * Makes sure that the UNet was trained with embeddings and time ids of these widths.
 *
 * @param advise - what to do if the UNet expects so many time ids more (1) or fewer (-1)
 * @throws IncompatibleComponentsError
 */
export function requireConditioning(
  { unet, textEncoder }: ConditionedModels,
  { embeds, pooled, timeIds }: ConditioningWidths,
  path: readonly string[],
  advise: (missing: number) => string | undefined,
): void {
  const { crossAttentionDim, additionEmbedType, additionTimeEmbedDim, projectionClassEmbeddingsInputDim } = unet.config
  const refuse = (components: readonly string[], problem: string) => {
    throw new IncompatibleComponentsError(path, components, problem)
  }
  if (additionEmbedType !== 'text_time' || additionTimeEmbedDim === null) {
    const problem = `the UNet's addition_embed_type is ${additionEmbedType}, and Stable Diffusion XL needs "text_time". Load a UNet of the Stable Diffusion XL family.`
    refuse(['unet', 'textEncoder2'], problem)
    return
  }
  const [channels] = [crossAttentionDim].flat()
  if (channels !== embeds) {
    const cause = textEncoder
      ? 'Load text encoders and UNet from one checkpoint.'
      : 'The pipeline has no first text encoder, which refiners alone do without. Load it, and its tokenizer, from the checkpoint of the UNet.'
    const problem = `the UNet takes embeddings of ${channels} channels, and those of the prompt have ${embeds}. ${cause}`
    refuse(['unet', 'textEncoder', 'textEncoder2'], problem)
  }
  const given = additionTimeEmbedDim * timeIds + pooled
  const difference = (projectionClassEmbeddingsInputDim ?? 0) - given
  if (difference === 0) return
  const advice =
    advise(difference / additionTimeEmbedDim) ??
    'Check addition_time_embed_dim of the UNet, and projection_dim of the second text encoder.'
  const problem = `the UNet takes a vector of ${projectionClassEmbeddingsInputDim} numbers beside the prompt, and gets ${given}. ${advice}`
  refuse(['unet', 'textEncoder2'], problem)
}
