/**
 * Moves the prediction away from that without the prompt. Source: https://arxiv.org/abs/2207.12598; counterpart:
 * guiders/classifier_free_guidance.py
 */
import { z } from 'zod'
import * as tf from '../tensors/tf'
import { checkWindow, isOffScale } from './guidance-window'
import { BaseGuidance, type GuiderOutput, guidanceSettings, type Predictions } from './guider-base'
import type { GuiderPass } from './guider-batch'
import { rescaleNoiseCfg } from './rescale-noise-cfg'

const schema = z
  .object({
    ...guidanceSettings,
    /** How far to move; 1 (0 in the original formulation) changes nothing. */
    guidanceScale: z.number().default(7.5),
    /** How far to bring the contrast of the conditional prediction back. */
    guidanceRescale: z.number().min(0).max(1).default(0),
    /** Start from the conditional prediction, as in the paper, and not from the unconditional one. */
    useOriginalFormulation: z.boolean().default(false),
  })
  .superRefine(checkWindow)

/** Settings of {@link ClassifierFreeGuidance}. */
export type ClassifierFreeGuidanceConfig = z.output<typeof schema>

/** Two predictions, with and without the prompt: `base + guidanceScale · (cond − uncond)`. */
export class ClassifierFreeGuidance extends BaseGuidance<ClassifierFreeGuidanceConfig> {
  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }

  protected override get passes(): readonly GuiderPass[] {
    const { guidanceScale, useOriginalFormulation } = this.config
    if (!this.takesPart || isOffScale(guidanceScale, useOriginalFormulation)) return [['predCond', 0]]
    return [
      ['predCond', 0],
      ['predUncond', 1],
    ]
  }

  protected override forward({ predCond, predUncond }: Predictions): GuiderOutput {
    const { guidanceScale, guidanceRescale, useOriginalFormulation } = this.config
    const cond = predCond as tf.Tensor // Always among the passes.
    const pred = tf.tidy(() => {
      if (predUncond === undefined)
        return guidanceRescale > 0 ? rescaleNoiseCfg(cond, cond, guidanceRescale) : cond.clone()
      const base = useOriginalFormulation ? cond : predUncond
      const guided = base.add(cond.sub(predUncond).mul(guidanceScale))
      return guidanceRescale > 0 ? rescaleNoiseCfg(guided, cond, guidanceRescale) : guided
    })
    return { pred, predCond: cond, predUncond }
  }
}
