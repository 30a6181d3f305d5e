/**
 * Classifier-free guidance with another scale for each band of frequencies. Source: https://arxiv.org/abs/2506.19713; counterpart:
 * guiders/frequency_decoupled_guidance.py
 */
import { z } from 'zod'
import * as tf from '../tensors/tf'
import { guidanceSettings } from './guidance-settings'
import { checkWindow, type GuidanceWindow, isInWindow, isOffScale, spanOf } from './guidance-window'
import { guidedPrediction } from './guided-prediction'
import { BaseGuidance, type GuiderOutput, type Predictions } from './guider-base'
import type { GuiderPass } from './guider-batch'
import { hasRoomForLevels, imagesFromPyramid, laplacianPyramid } from './laplacian-pyramid'
import { rescaleNoiseCfg } from './rescale-noise-cfg'
import { conditionPasses } from './two-condition-guidance'
import { weighParallelPart } from './weigh-parallel-part'

const perLevel = (value: z.ZodNumber) => z.union([value, z.array(value)])
const fraction = z.number().min(0).max(1)

const schema = z
  .object({
    ...guidanceSettings,
    /** How far to move at each level, from the highest frequencies to the lowest; 1 (0 in the original formulation) changes nothing. */
    guidanceScales: z.array(z.number()).min(1).default([10, 5]),
    /** How far to bring the contrast of the conditional prediction back; one for all levels, or one for each. */
    guidanceRescale: perLevel(fraction).default(0),
    /** Weight of the part of the difference along the conditional prediction; one for all levels, or one for each. null for 1. */
    parallelWeights: perLevel(z.number()).nullable().default(null),
    /** Start from the conditional prediction, as in the paper, and not from the unconditional one. */
    useOriginalFormulation: z.boolean().default(false),
    /** Fraction of the steps before which the guider does not take part; one for all levels, or one for each. */
    start: perLevel(fraction).default(0),
    /** Fraction of the steps from which on the guider does not take part; one for all levels, or one for each. */
    stop: perLevel(fraction).default(1),
    /** Bring back the contrast of the whole prediction, by the first `guidanceRescale`, or of each level by its own. */
    guidanceRescaleSpace: z.enum(['data', 'freq']).default('data'),
    /** Changes nothing: tensors here are float32, and the projection is written so that this is enough. */
    upcastToDouble: z.boolean().default(true),
  })
  .superRefine((config, problems) => {
    const levels = config.guidanceScales.length
    for (const key of ['guidanceRescale', 'parallelWeights', 'start', 'stop'] as const) {
      const value = config[key]
      if (!Array.isArray(value) || value.length === levels) continue
      const message = `must be one number, or one for each of the ${levels} guidance_scales, but has ${value.length}`
      problems.addIssue({ code: 'custom', path: [key], message })
    }
    const span = spanOf(config)
    if (span.start === 1) {
      problems.addIssue({ code: 'custom', path: ['start'], message: 'must be less than 1 for one level at least' })
    }
    checkWindow(span, problems)
  })

/** Settings of {@link FrequencyDecoupledGuidance}. */
export type FrequencyDecoupledGuidanceConfig = z.output<typeof schema>

/** What guides one level. */
interface Level extends GuidanceWindow {
  readonly scale: number
  readonly rescale: number
  readonly parallelWeight: number
}

/**
 * Two predictions, with and without the prompt, both taken apart into a Laplacian pyramid. Each level of it is guided by its own scale, in its
 * own window, and the levels are put together again. A level that takes no part is that of the conditional prediction; the reference fails
 * there. Predictions whose sides do not fit are padded for it; the reference leaves the padding on, here it is cut off again.
 */
export class FrequencyDecoupledGuidance extends BaseGuidance<FrequencyDecoupledGuidanceConfig> {
  static override readonly className: string = 'FrequencyDecoupledGuidance'

  private readonly levels: readonly Level[]

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
    const { guidanceScales, guidanceRescale, parallelWeights, start, stop } = this.config
    const at = (setting: number | readonly number[], level: number) => [setting].flat()[level] ?? (setting as number) // One for all.
    this.levels = guidanceScales.map((scale, level) => ({
      scale,
      rescale: at(guidanceRescale, level),
      parallelWeight: at(parallelWeights ?? 1, level),
      start: at(start, level),
      stop: at(stop, level),
    }))
  }

  protected override get passes(): readonly GuiderPass[] {
    return conditionPasses(this.takesPart && this.levels.some(({ scale }) => !this.isOff(scale)))
  }

  /** @throws GuiderArgumentError if the predictions are not images, or too small for the levels */
  protected override forward({ predCond, predUncond }: Predictions): GuiderOutput {
    const cond = predCond as tf.Tensor // Always among the passes.
    const pred = predUncond === undefined ? cond.clone() : this.guide(this.asImages(cond), this.asImages(predUncond))
    return { pred, predCond: cond, predUncond }
  }

  private guide(cond: tf.Tensor4D, uncond: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const condPyramid = laplacianPyramid(cond, this.levels.length)
      const uncondPyramid = laplacianPyramid(uncond, this.levels.length)
      const guided = this.levels.map((level, i) =>
        this.guideLevel(level, condPyramid[i] as tf.Tensor4D, uncondPyramid[i] as tf.Tensor4D),
      )
      const pred = imagesFromPyramid(guided)
      const rescale = this.config.guidanceRescaleSpace === 'data' ? (this.levels[0] as Level).rescale : 0 // There is one at least.
      // As in the reference, the contrast is that of the prediction with its padding.
      const rescaled = rescale > 0 ? rescaleNoiseCfg(pred, cond, rescale) : pred
      return rescaled.slice([0, 0, 0, 0], cond.shape)
    })
  }

  private guideLevel(level: Level, cond: tf.Tensor4D, uncond: tf.Tensor4D): tf.Tensor4D {
    const { guidanceRescaleSpace, useOriginalFormulation } = this.config
    const { scale, rescale, parallelWeight } = level
    if (this.isOff(scale) || !isInWindow(level, this.step, this.numInferenceSteps)) return cond
    const shift = weighParallelPart<tf.Tensor4D>(cond.sub(uncond), cond, parallelWeight)
    const pred = guidedPrediction<tf.Tensor4D>({ cond, uncond }, scale, useOriginalFormulation, shift)
    return guidanceRescaleSpace === 'freq' && rescale > 0 ? rescaleNoiseCfg(pred, cond, rescale) : pred
  }

  private isOff(scale: number): boolean {
    return isOffScale(scale, this.config.useOriginalFormulation)
  }

  private asImages(prediction: tf.Tensor): tf.Tensor4D {
    const [, height = 0, width = 0] = prediction.shape
    if (prediction.rank !== 4) {
      throw this.refuse('noisePred', `must be [batch, height, width, channels], but is [${prediction.shape}]`)
    }
    const levels = this.levels.length
    if (!hasRoomForLevels(height, width, levels)) {
      const problem = `is ${height} × ${width}; ${levels} guidanceScales need sides of more than ${2 ** (levels - 1)}`
      throw this.refuse('noisePred', problem)
    }
    return prediction as tf.Tensor4D // Checked above.
  }
}
