/** What the guiders share that compare the prediction with the prompt with one without it. */
import { z } from 'zod'
import * as tf from '../tensors/tf'
import { type GuidanceConfig, guidanceSettings } from './guidance-settings'
import { isOffScale } from './guidance-window'
import { type ConditionPair, guidedPrediction } from './guided-prediction'
import { BaseGuidance, type GuiderOutput, type Predictions } from './guider-base'
import type { GuiderPass } from './guider-batch'
import { rescaleNoiseCfg } from './rescale-noise-cfg'

/** Settings of every guider with two conditions. Check with {@link checkWindow}. */
export const twoConditionSettings = {
  ...guidanceSettings,
  /** How far to move; 1 (0 in the original formulation) changes nothing. */
  guidanceScale: z.number().default(7.5),
  /** How far to bring the contrast of the conditional prediction back. */
  guidanceRescale: z.number().min(0).max(1).default(0),
  /** Start from the conditional prediction, as in the paper, and not from the unconditional one. */
  useOriginalFormulation: z.boolean().default(false),
}

/** What the config of every guider with two conditions has. */
export type TwoConditionConfig = GuidanceConfig & {
  readonly guidanceScale: number
  readonly guidanceRescale: number
  readonly useOriginalFormulation: boolean
}

/** The pass with the prompt, and where it is compared the one without. */
export function conditionPasses(isComparing: boolean): readonly GuiderPass[] {
  if (!isComparing) return [['predCond', 'cond']]
  return [
    ['predCond', 'cond'],
    ['predUncond', 'uncond'],
  ]
}

/** A guider that needs the prediction with the prompt and, where it takes part and its scale changes something, the one without it. */
export abstract class TwoConditionGuidance<
  Config extends TwoConditionConfig = TwoConditionConfig,
> extends BaseGuidance<Config> {
  protected override get passes(): readonly GuiderPass[] {
    const { guidanceScale, useOriginalFormulation } = this.config
    return conditionPasses(this.takesPart && !isOffScale(guidanceScale, useOriginalFormulation))
  }

  protected override forward({ predCond, predUncond }: Predictions): GuiderOutput {
    const { guidanceRescale } = this.config
    const cond = predCond as tf.Tensor // Always among the passes.
    const pred = tf.tidy(() => {
      const combined = this.combine(cond, predUncond)
      return guidanceRescale > 0 ? rescaleNoiseCfg(combined, cond, guidanceRescale) : combined
    })
    return { pred, predCond: cond, predUncond }
  }

  /** The prediction before it is rescaled, a new tensor; without `uncond` the conditional one. Runs inside of tf.tidy. */
  protected combine(cond: tf.Tensor, uncond: tf.Tensor | undefined): tf.Tensor {
    return uncond === undefined ? cond.clone() : this.guide({ cond, uncond })
  }

  /** Combines the two predictions to a new one, by default as classifier-free guidance does. Runs inside of tf.tidy. */
  protected guide(pair: ConditionPair): tf.Tensor {
    return guidedPrediction(pair, this.config.guidanceScale, this.config.useOriginalFormulation)
  }
}
