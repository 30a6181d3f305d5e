/**
 * Heun's method in sigma space: an Euler step, corrected by the mean of the directions at its two ends. Source:
 * https://arxiv.org/abs/2206.00364, algorithm 1; counterpart: schedulers/scheduling_heun_discrete.py
 */
import { z } from 'zod'
import type * as tf from '../../tensors/tf'
import { sigmaSettingNames, sigmaSpacingSettings } from '../noise-levels/sigma-settings'
import type { Schedule } from '../run-progress'
import { checkBetas, checkExclusive, latentBetaSettings, spacingSettings } from '../scheduler-config'
import { clip } from '../steps/clip'
import { predictionTypes } from '../steps/prediction-type'
import { type FirstHalf, type HalfStep, SecondOrderSigmaScheduler } from './second-order-sigma-scheduler'
import { direction, follow } from './sigma-space-line'

const schema = z
  .object({
    ...latentBetaSettings,
    ...spacingSettings('linspace'),
    ...sigmaSpacingSettings,
    predictionType: z.enum(predictionTypes).default('epsilon'),
    /** Clip the predicted clean sample. */
    clipSample: z.boolean().default(false),
    clipSampleRange: z.number().positive().default(1),
  })
  .superRefine((config, context) => {
    checkBetas(config, context)
    checkExclusive(config, sigmaSettingNames, context)
  })

/** Settings of {@link HeunDiscreteScheduler}. */
export type HeunDiscreteConfig = z.output<typeof schema>

/** Each step but the last asks the network twice, so each timestep but the first stands twice in the schedule. */
export class HeunDiscreteScheduler extends SecondOrderSigmaScheduler<HeunDiscreteConfig> {
  static override readonly className: string = 'HeunDiscreteScheduler'

  protected override readonly setTimestepsOptions = ['timesteps'] as const

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }

  protected override arrange(timesteps: readonly number[], sigmas: readonly number[]): Schedule {
    const twice = (values: readonly number[]) => values.flatMap((value, i) => (i === 0 ? [value] : [value, value]))
    return super.arrange(twice(timesteps), [...twice(sigmas.slice(0, -1)), ...sigmas.slice(-1)])
  }

  protected override predictClean(sigma: number, sample: tf.Tensor, modelOutput: tf.Tensor): tf.Tensor {
    const { clipSample, clipSampleRange } = this.config
    const clean = super.predictClean(sigma, sample, modelOutput)
    return clipSample ? clip(clean, clipSampleRange) : clean
  }

  protected override firstHalf({ start, sample, clean }: HalfStep): FirstHalf {
    const along = direction(sample, clean, this.sigmaAt(start))
    const way = this.wayFrom(start)
    const prevSample = follow(sample, along, way)
    if (this.sigmaAt(start + 1) === 0) return { prevSample }
    // Halfway: the other half follows the direction at the end.
    return { prevSample, carried: follow(sample, along, way / 2) }
  }

  protected override secondHalf({ start, sample, clean }: HalfStep, carried: tf.Tensor): tf.Tensor {
    return follow(carried, direction(sample, clean, this.sigmaAt(start + 1)), this.wayFrom(start) / 2)
  }

  private wayFrom(start: number): number {
    return this.sigmaAt(start + 1) - this.sigmaAt(start)
  }
}
