/**
 * Classifier-free guidance at first, adaptive projected guidance later. Counterpart: guiders/adaptive_projected_guidance_mix.py
 */
import { z } from 'zod'
import type * as tf from '../tensors/tf'
import { checkWindow, isOffScale } from './guidance-window'
import { type ConditionPair, guidedPrediction } from './guided-prediction'
import type { GuiderState } from './guider-base'
import { MomentumGuidance, momentumSettings } from './momentum-guidance'

const schema = z
  .object({
    ...momentumSettings,
    guidanceScale: momentumSettings.guidanceScale.default(3.5),
    adaptiveProjectedGuidanceMomentum: momentumSettings.adaptiveProjectedGuidanceMomentum.default(-0.5),
    adaptiveProjectedGuidanceRescale: momentumSettings.adaptiveProjectedGuidanceRescale.default(10),
    eta: momentumSettings.eta.default(0),
    /** How far to move with the projected difference. */
    adaptiveProjectedGuidanceScale: z.number().default(10),
    /** The last step of the classifier-free guidance, counted from 0. */
    adaptiveProjectedGuidanceStartStep: z.int().default(5),
  })
  .superRefine(checkWindow)

/** Settings of {@link AdaptiveProjectedMixGuidance}. */
export type AdaptiveProjectedMixGuidanceConfig = z.output<typeof schema>

/** Where a mixed guidance is in its run. */
export interface AdaptiveProjectedMixState extends GuiderState {
  /** The running sum of the differences, which stays the guider's. */
  readonly momentum: tf.Tensor | undefined
  /** Whether classifier-free guidance takes part in this step. */
  readonly isCfgEnabled: boolean
  /** Whether adaptive projected guidance takes part in this step. */
  readonly isApgEnabled: boolean
}

/**
 * Two predictions, with and without the prompt: up to a step combined by classifier-free guidance with `guidanceScale`, then by adaptive
 * projected guidance with its own scale. The momentum runs through both. Where `guidanceScale` changes nothing, neither takes part.
 */
export class AdaptiveProjectedMixGuidance extends MomentumGuidance<AdaptiveProjectedMixGuidanceConfig> {
  static override readonly className: string = 'AdaptiveProjectedMixGuidance'

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }

  override getState(): AdaptiveProjectedMixState {
    const isCfgEnabled = this.numConditions > 1
    return {
      ...super.getState(),
      momentum: this.momentumBuffer?.runningSum,
      isCfgEnabled,
      isApgEnabled: isCfgEnabled && this.isProjecting,
    }
  }

  protected override guide(pair: ConditionPair): tf.Tensor {
    const { guidanceScale, adaptiveProjectedGuidanceScale, useOriginalFormulation } = this.config
    if (this.isProjecting) {
      const difference = this.projectedDifference(pair)
      return guidedPrediction(pair, adaptiveProjectedGuidanceScale, useOriginalFormulation, difference)
    }
    this.differenceWithMomentum(pair)
    return guidedPrediction(pair, guidanceScale, useOriginalFormulation)
  }

  /** Whether a step that is guided is guided by the projected difference. */
  private get isProjecting(): boolean {
    const { adaptiveProjectedGuidanceScale, adaptiveProjectedGuidanceStartStep, useOriginalFormulation } = this.config
    if (this.step === undefined || this.step <= adaptiveProjectedGuidanceStartStep) return false
    return !isOffScale(adaptiveProjectedGuidanceScale, useOriginalFormulation)
  }
}
