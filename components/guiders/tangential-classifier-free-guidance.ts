/**
 * Classifier-free guidance without what the unconditional prediction has for itself. Source: https://arxiv.org/abs/2503.18137;
 * counterpart: guiders/tangential_classifier_free_guidance.py
 */
import { z } from 'zod'
import * as tf from '../tensors/tf'
import { checkWindow } from './guidance-window'
import { type ConditionPair, guidedPrediction } from './guided-prediction'
import { dotProduct, largestValue, SHORTEST } from './sample-products'
import { TwoConditionGuidance, twoConditionSettings } from './two-condition-guidance'

const schema = z.object(twoConditionSettings).superRefine(checkWindow)

/** Settings of {@link TangentialClassifierFreeGuidance}. */
export type TangentialClassifierFreeGuidanceConfig = z.output<typeof schema>

/**
 * Two predictions, with and without the prompt. Of the latter only the part along the direction that both share most is used: `base +
 * guidanceScale · (cond − shared)`.
 */
export class TangentialClassifierFreeGuidance extends TwoConditionGuidance<TangentialClassifierFreeGuidanceConfig> {
  static override readonly className: string = 'TangentialClassifierFreeGuidance'

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }

  protected override guide({ cond, uncond }: ConditionPair): tf.Tensor {
    const { guidanceScale, useOriginalFormulation } = this.config
    return guidedPrediction({ cond, uncond: sharedPart({ cond, uncond }) }, guidanceScale, useOriginalFormulation)
  }
}

/**
 * The unconditional prediction of each sample projected onto the first right singular vector of the matrix with the rows `cond` and
 * `uncond`.
 *
 * That vector is `a · cond + b · uncond` up to its length. Here `(a, b)` is the first left singular vector: the first
 * eigenvector of the matrix of the rows' dot products. The projection is `b · (a · cond + b · uncond)`.
 *
 * With `(a, b) = (cos θ, sin
 * θ)`, `tan 2θ = 2 ⟨cond, uncond⟩ / (|cond|² − |uncond|²)`, so both factors, `ab` and `b²`, follow from sine and cosine of 2θ.
 */
function sharedPart({ cond, uncond }: ConditionPair): tf.Tensor {
  return tf.tidy(() => {
    const largest = tf.maximum(largestValue(cond), largestValue(uncond))
    const [c, u] = [cond.div(largest), uncond.div(largest)]
    const twiceProduct = dotProduct(c, u).mul(2)
    // |c|² − |u|², without the rounding of two large squares.
    const difference = dotProduct(c.sub(u), c.add(u))
    // Zero only where both predictions are, or are as long as each other and share no direction.
    const radius = vectorRadius(twiceProduct, difference)
    const sine = twiceProduct.div(radius)
    const cosine = difference.div(radius)
    return cond.mul(sine.mul(0.5)).add(uncond.mul(cosine.mul(-0.5).add(0.5)))
  })
}

function vectorRadius(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return a.square().add(b.square()).sqrt().maximum(SHORTEST)
}
