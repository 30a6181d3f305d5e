/** Guidance of LTX-2, which makes videos with sound: up to four predictions. Counterpart: guiders/ltx2_guidance.py */
import { z } from 'zod'
import * as tf from '../tensors/tf'
import { guidanceSettings } from './guidance-settings'
import { checkWindow, isOffScale } from './guidance-window'
import { BaseGuidance, type GuiderOutput, type Predictions } from './guider-base'
import type { GuiderPass } from './guider-batch'
import { rescaleNoiseCfg } from './rescale-noise-cfg'

const schema = z
  .object({
    ...guidanceSettings,
    /** How far to move away from the prediction without the prompt; 1 for not at all. */
    guidanceScale: z.number().default(1),
    /** How far to move away from the prediction of perturbed blocks; 0 for not at all. */
    stgScale: z.number().default(0),
    /** How far to move away from the prediction of pictures and sound apart; 1 for not at all. */
    modalityScale: z.number().default(1),
    /** How far to bring the contrast of the conditional prediction back. */
    guidanceRescale: z.number().min(0).max(1).default(0),
    /** Which blocks of the transformer are perturbed for the third prediction. */
    spatioTemporalGuidanceBlocks: z.array(z.int()).nullable().default(null),
  })
  .superRefine(checkWindow)

/** Settings of {@link LTX2Guidance}. */
export type LTX2GuidanceConfig = z.output<typeof schema>

/**
 * The prediction with the prompt, moved away from each of three others that has a scale. These are the predictions
 * without the prompt, of perturbed blocks (`predCondStg`), and of pictures and sound apart (`predCondModality`). Inputs
 * that differ have a value for each of the four: `{ cond,
 * uncond, stg, modality }`. How the model predicts the last two is up to the block that calls it.
 */
export class LTX2Guidance extends BaseGuidance<LTX2GuidanceConfig> {
  static override readonly className: string = 'LTX2Guidance'

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }

  protected override get passes(): readonly GuiderPass[] {
    return [['predCond', 'cond'], ...this.comparisons.map(({ pass }) => pass)]
  }

  protected override forward(predictions: Predictions): GuiderOutput {
    const { guidanceRescale } = this.config
    const { predUncond } = predictions
    const predCond = predictions.predCond as tf.Tensor // Always among the passes.
    const pred = tf.tidy(() => {
      let pred = predCond.clone()
      for (const { pass, strength } of this.comparisons) {
        const other = predictions[pass[0]] as tf.Tensor // Among the passes.
        pred = pred.add(predCond.sub(other).mul(strength))
      }
      return guidanceRescale > 0 ? rescaleNoiseCfg(pred, predCond, guidanceRescale) : pred
    })
    return { pred, predCond, predUncond }
  }

  /** The other predictions that the step moves away from, and how far. */
  private get comparisons(): { pass: GuiderPass; strength: number }[] {
    if (!this.takesPart) return []
    const { guidanceScale, stgScale, modalityScale } = this.config
    const all: { pass: GuiderPass; strength: number; isOff: boolean }[] = [
      { pass: ['predUncond', 'uncond'], strength: guidanceScale - 1, isOff: isOffScale(guidanceScale, false) },
      { pass: ['predCondStg', 'stg'], strength: stgScale, isOff: stgScale === 0 },
      { pass: ['predCondModality', 'modality'], strength: modalityScale - 1, isOff: isOffScale(modalityScale, false) },
    ]
    return all.filter(({ isOff }) => !isOff)
  }
}
