/**
 * Moves the prediction away from that without the prompt. Source: https://arxiv.org/abs/2207.12598; counterpart:
 * guiders/classifier_free_guidance.py
 */
import { z } from 'zod'
import type * as tf from '../tensors/tf'
import { checkWindow } from './guidance-window'
import { type ConditionPair, guidedPrediction } from './guided-prediction'
import { TwoConditionGuidance, twoConditionSettings } from './two-condition-guidance'

const schema = z.object(twoConditionSettings).superRefine(checkWindow)

/** Settings of {@link ClassifierFreeGuidance}. */
export type ClassifierFreeGuidanceConfig = z.output<typeof schema>

/** Two predictions, with and without the prompt: `base + guidanceScale · (cond − uncond)`. */
export class ClassifierFreeGuidance extends TwoConditionGuidance<ClassifierFreeGuidanceConfig> {
  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }

  protected override guide(pair: ConditionPair): tf.Tensor {
    return guidedPrediction(pair, this.config.guidanceScale, this.config.useOriginalFormulation)
  }
}
