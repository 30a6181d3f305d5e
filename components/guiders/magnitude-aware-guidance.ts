/**
 * Guidance that weakens where the two predictions differ much (MAMBO-G). Source: https://arxiv.org/abs/2508.03442; counterpart:
 * guiders/magnitude_aware_guidance.py
 */
import { z } from 'zod'
import type * as tf from '../tensors/tf'
import { checkWindow } from './guidance-window'
import { type ConditionPair, guidedPrediction } from './guided-prediction'
import { vectorLength } from './sample-products'
import { TwoConditionGuidance, twoConditionSettings } from './two-condition-guidance'

const schema = z
  .object({
    ...twoConditionSettings,
    guidanceScale: twoConditionSettings.guidanceScale.default(10),
    /** How fast the scale falls as the difference grows. */
    alpha: z.number().default(8),
  })
  .superRefine(checkWindow)

/** Settings of {@link MagnitudeAwareGuidance}. */
export type MagnitudeAwareGuidanceConfig = z.output<typeof schema>

/**
 * Two predictions, with and without the prompt. The scale of each sample falls from `guidanceScale` to 1 (0 in the original
 * formulation) with the length of the difference, in lengths of the unconditional prediction. Takes predictions `[batch, …]`; the
 * reference fails for those of images, over whose three axes its norm cannot run.
 */
export class MagnitudeAwareGuidance extends TwoConditionGuidance<MagnitudeAwareGuidanceConfig> {
  static override readonly className: string = 'MagnitudeAwareGuidance'

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }

  protected override guide(pair: ConditionPair): tf.Tensor {
    const { guidanceScale, alpha, useOriginalFormulation } = this.config
    const ratio = vectorLength(pair.cond.sub(pair.uncond)).div(vectorLength(pair.uncond))
    const falling = ratio.mul(-alpha).exp()
    const scale = useOriginalFormulation ? falling.mul(guidanceScale) : falling.mul(guidanceScale - 1).add(1)
    return guidedPrediction(pair, scale, useOriginalFormulation)
  }
}
