/**
 * Classifier-free guidance with a fitted unconditional prediction, for flow matching. Source: https://arxiv.org/abs/2503.18886;
 * counterpart: guiders/classifier_free_zero_star_guidance.py
 */
import { z } from 'zod'
import * as tf from '../tensors/tf'
import { checkWindow } from './guidance-window'
import { type ConditionPair, guidedPrediction } from './guided-prediction'
import { dotProduct } from './sample-products'
import { TwoConditionGuidance, twoConditionSettings } from './two-condition-guidance'

const schema = z
  .object({
    ...twoConditionSettings,
    /** For how many steps the prediction is zero. */
    zeroInitSteps: z.int().default(1),
  })
  .superRefine(checkWindow)

/** Settings of {@link ClassifierFreeZeroStarGuidance}. */
export type ClassifierFreeZeroStarGuidanceConfig = z.output<typeof schema>

/**
 * Two predictions, with and without the prompt. The latter is first scaled so that it comes as close to the former as it can: `base +
 * guidanceScale · (cond − alpha · uncond)`. The first steps predict zero, whatever the window and the scale. `guidanceRescale` makes NaN of
 * those zeros, as in the reference, since they have no contrast; set `zeroInitSteps` to 0 with it.
 */
export class ClassifierFreeZeroStarGuidance extends TwoConditionGuidance<ClassifierFreeZeroStarGuidanceConfig> {
  static override readonly className: string = 'ClassifierFreeZeroStarGuidance'

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }

  protected override combine(cond: tf.Tensor, uncond: tf.Tensor | undefined): tf.Tensor {
    if (!this.isEnabled) return super.combine(cond, uncond)
    if (this.step === undefined) throw this.refuse('step', 'is not known; call setState() before call()')
    return this.step < this.config.zeroInitSteps ? tf.zerosLike(cond) : super.combine(cond, uncond)
  }

  protected override guide({ cond, uncond }: ConditionPair): tf.Tensor {
    const { guidanceScale, useOriginalFormulation } = this.config
    const alpha = dotProduct(cond, uncond).div(dotProduct(uncond, uncond).add(1e-8))
    return guidedPrediction({ cond, uncond: uncond.mul(alpha) }, guidanceScale, useOriginalFormulation)
  }
}
