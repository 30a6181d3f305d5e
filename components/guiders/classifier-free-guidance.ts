/**
 * Moves the prediction away from that without the prompt. Source: https://arxiv.org/abs/2207.12598; counterpart:
 * guiders/classifier_free_guidance.py
 */
import { z } from 'zod'
import { checkWindow } from './guidance-window'
import { TwoConditionGuidance, twoConditionSettings } from './two-condition-guidance'

const schema = z.object(twoConditionSettings).superRefine(checkWindow)

/** Settings of {@link ClassifierFreeGuidance}. */
export type ClassifierFreeGuidanceConfig = z.output<typeof schema>

/** Two predictions, with and without the prompt: `base + guidanceScale · (cond − uncond)`. */
export class ClassifierFreeGuidance extends TwoConditionGuidance<ClassifierFreeGuidanceConfig> {
  static override readonly className: string = 'ClassifierFreeGuidance'

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }
}
