/**
 * Guidance that does not over-saturate at high scales. Source: https://arxiv.org/abs/2410.02416; counterpart:
 * guiders/adaptive_projected_guidance.py
 */
import { z } from 'zod'
import type * as tf from '../tensors/tf'
import { channelsLastAxes } from './channels-last-axes'
import { checkWindow } from './guidance-window'
import { type ConditionPair, guidedPrediction } from './guided-prediction'
import { MomentumGuidance, momentumSettings } from './momentum-guidance'

const schema = z
  .object({
    ...momentumSettings,
    /**
     * Axes over which lengths and projections run, in PyTorch's order `[batch, channels, height, width]`: 2 and 3, or
     * −2 and −1, are height and width. null for all but the batch.
     */
    adaptiveProjectedGuidanceNormDim: z
      .union([z.int(), z.array(z.int()).min(1)])
      .nullable()
      .default(null),
  })
  .superRefine(checkWindow)

/** Settings of {@link AdaptiveProjectedGuidance}. */
export type AdaptiveProjectedGuidanceConfig = z.output<typeof schema>

/**
 * Two predictions, with and without the prompt. Their difference is given momentum, cut down to a longest length, and weakened along the
 * conditional prediction, which is what over-saturates: `base + guidanceScale · difference`.
 */
export class AdaptiveProjectedGuidance extends MomentumGuidance<AdaptiveProjectedGuidanceConfig> {
  static override readonly className: string = 'AdaptiveProjectedGuidance'

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }

  protected override guide(pair: ConditionPair): tf.Tensor {
    const { guidanceScale, useOriginalFormulation } = this.config
    const difference = this.projectedDifference(pair, this.axesOf(pair.cond))
    return guidedPrediction(pair, guidanceScale, useOriginalFormulation, difference)
  }

  /** @throws GuiderArgumentError */
  private axesOf(prediction: tf.Tensor): number[] | undefined {
    const { adaptiveProjectedGuidanceNormDim: dims } = this.config
    if (dims === null) return undefined
    const axes = channelsLastAxes([dims].flat(), prediction.rank)
    if (axes !== undefined) return axes
    const problem = `must name different axes of predictions with ${prediction.rank}, but is ${JSON.stringify(dims)}`
    throw this.refuse('adaptiveProjectedGuidanceNormDim', problem)
  }
}
