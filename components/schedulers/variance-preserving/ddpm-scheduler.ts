/**
 * Denoising diffusion probabilistic models: the training's own chain, with fresh noise at every step. Source:
 * https://arxiv.org/abs/2006.11239; learned variances: https://arxiv.org/abs/2102.09672; counterpart: schedulers/scheduling_ddpm.py
 */

import { z } from 'zod'
import { classNameOf } from '../../../src/format/class-name'
import * as tf from '../../tensors/tf'
import type { Schedule } from '../run-progress'
import { betaSettings, checkBetas, spacingSettings, thresholdingSettings } from '../scheduler-config'
import type { StepOptions, StepResult } from '../step-options'
import { clippingSettings } from '../steps/clean-sample-limits'
import { linearCombination, type Term } from '../steps/linear-combination'
import { predictionTypes } from '../steps/prediction-type'
import { checkShape, stepNoise } from '../steps/step-noise'
import type { TimestepsRequest } from '../timesteps-request'
import { VariancePreservingScheduler } from './variance-preserving-scheduler'

const schema = z
  .object({
    ...betaSettings,
    ...spacingSettings('leading'),
    ...thresholdingSettings,
    ...clippingSettings(true),
    predictionType: z.enum(predictionTypes).default('epsilon'),
    /**
     * The variance of the fresh noise: `small` is right where the data is a single point, `large` where it is normal noise; `log`
     * is another way to compute the same. Where it is learned, the network's output holds it in a second half of its channels.
     */
    varianceType: z
      .enum(['fixed_small', 'fixed_small_log', 'fixed_large', 'fixed_large_log', 'learned', 'learned_range'])
      .default('fixed_small'),
  })
  .superRefine(checkBetas)

/** Settings of {@link DDPMScheduler}. */
export type DDPMConfig = z.output<typeof schema>

/** The smallest variance, whose logarithm is taken. */
const MIN_VARIANCE = 1e-20

/** The network's output, and what it says about the variance. */
interface NetworkOutput {
  readonly mean: tf.Tensor
  readonly variance: tf.Tensor | undefined
}

/** One step reads nothing but its timestep and the one after it, so steps may come in any order. */
export class DDPMScheduler extends VariancePreservingScheduler<DDPMConfig> {
  static override readonly className: string = 'DDPMScheduler'

  protected override readonly setTimestepsOptions = ['timesteps'] as const

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }

  protected override locate(timestep: number): number {
    return this.progress.indexOf(timestep)
  }

  protected override makeSchedule({ timesteps, numInferenceSteps }: TimestepsRequest): Schedule {
    return { timesteps: timesteps?.map(Math.trunc) ?? this.spacedTimesteps(numInferenceSteps) }
  }

  protected override update(
    index: number,
    modelOutput: tf.Tensor,
    sample: tf.Tensor,
    options: StepOptions,
  ): StepResult {
    const { mean, variance } = this.splitOutput(modelOutput, sample)
    checkShape(classNameOf(this), 'modelOutput', mean, sample)
    const from = this.timesteps[index] as number
    const to = this.timesteps[index + 1] ?? -1
    const [level, next] = [this.levelAt(from), this.levelAt(to)]
    const alpha = this.alphaOfStep(from, to)
    const beta = Math.fround(1 - alpha)
    const predOriginalSample = this.predictClean(level, sample, mean)
    // Equation 7 of the paper.
    const expected: readonly Term[] = [
      [(next.alpha * beta) / level.sigma ** 2, predOriginalSample],
      [(Math.sqrt(alpha) * next.sigma ** 2) / level.sigma ** 2, sample],
    ]
    if (from === 0) return { prevSample: linearCombination(...expected), predOriginalSample }
    const noise = stepNoise(classNameOf(this), sample, options)
    const smallest = Math.max((next.sigma / level.sigma) ** 2 * beta, MIN_VARIANCE)
    const deviation = this.freshDeviation(variance, smallest, beta)
    const fresh: Term = typeof deviation === 'number' ? [deviation, noise] : [1, noise.mul(deviation)]
    return { prevSample: linearCombination(...expected, fresh), predOriginalSample }
  }

  /** Cuts a learned variance off the network's output. */
  private splitOutput(modelOutput: tf.Tensor, sample: tf.Tensor): NetworkOutput {
    if (!this.config.varianceType.startsWith('learned')) return { mean: modelOutput, variance: undefined }
    const channels = sample.shape.at(-1) ?? 0
    if (modelOutput.shape.at(-1) !== 2 * channels) {
      const expected = `twice the sample's ${channels} channels if varianceType is "${this.config.varianceType}"`
      throw this.refuse('modelOutput', `must have ${expected}, but has the shape [${modelOutput.shape}]`)
    }
    const [mean, variance] = tf.split(modelOutput, 2, -1) as [tf.Tensor, tf.Tensor]
    return { mean, variance }
  }

  /** The standard deviation of the fresh noise; of a learned variance, element by element. */
  private freshDeviation(learned: tf.Tensor | undefined, smallest: number, largest: number): number | tf.Tensor {
    const { varianceType } = this.config
    // The reference takes "fixed_large_log" for a variance where it is a logarithm, and finds no numbers.
    if (learned === undefined) return Math.sqrt(varianceType.startsWith('fixed_large') ? largest : smallest)
    if (varianceType === 'learned') return learned.sqrt()
    // From -1 to 1 the output leads from the one fixed variance to the other, in their logarithm.
    const [low, high] = [Math.log(smallest), Math.log(largest)]
    return learned
      .mul((high - low) / 4)
      .add((high + low) / 4)
      .exp()
  }
}
