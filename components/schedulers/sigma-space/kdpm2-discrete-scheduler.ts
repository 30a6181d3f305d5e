/**
 * DPM-Solver-2 in sigma space: a step follows the direction at its middle. Source: https://arxiv.org/abs/2206.00927, algorithm 1, on
 * the path of https://arxiv.org/abs/2206.00364; counterpart: schedulers/scheduling_k_dpm_2_discrete.py
 */
import { z } from 'zod'
import type * as tf from '../../tensors/tf'
import { roundHalfEven } from '../noise-levels/number-sequences'
import { sigmaSettingNames, sigmaSpacingSettings } from '../noise-levels/sigma-settings'
import type { Schedule } from '../run-progress'
import { checkBetas, checkExclusive, latentBetaSettings, spacingSettings } from '../scheduler-config'
import { noiseReadingTypes } from '../steps/prediction-type'
import { type FirstHalf, type HalfStep, SecondOrderSigmaScheduler } from './second-order-sigma-scheduler'
import { direction, follow } from './sigma-space-line'

const schema = z
  .object({
    ...latentBetaSettings,
    ...spacingSettings('linspace'),
    ...sigmaSpacingSettings,
    predictionType: z.enum(noiseReadingTypes).default('epsilon'),
  })
  .superRefine((config, context) => {
    checkBetas(config, context)
    checkExclusive(config, sigmaSettingNames, context)
  })

/** Settings of {@link KDPM2DiscreteScheduler} and its ancestral form. */
export type KDPM2DiscreteConfig = z.output<typeof schema>

/** Each step but the last asks the network twice, the second time in its middle: {@link timesteps} holds those in between too. */
export class KDPM2DiscreteScheduler extends SecondOrderSigmaScheduler<KDPM2DiscreteConfig> {
  static override readonly className: string = 'KDPM2DiscreteScheduler'

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }

  protected override arrange(timesteps: readonly number[], sigmas: readonly number[]): Schedule {
    const ends = sigmas.map(Math.fround)
    const middles = ends.slice(1, -1).map((to, i) => this.middle(ends[i] as number, to))
    const between = this.timestepsOf(middles)
    const whole = this.config.useKarrasSigmas ? timesteps.map(roundHalfEven) : timesteps
    return super.arrange(
      whole.flatMap((timestep, i) => (i === 0 ? [timestep] : [between[i - 1] as number, timestep])),
      [...ends.flatMap((sigma, i) => (i === 0 ? [sigma] : [sigma, sigma])), 0],
    )
  }

  protected override inputSigma(index: number): number {
    return this.isHalfway ? this.middleAt(index - 1) : this.sigmaAt(index)
  }

  protected override firstHalf({ start, sample, clean }: HalfStep): FirstHalf {
    const middle = this.middleAt(start)
    const sigma = this.sigmaAt(start)
    const prevSample = follow(sample, direction(sample, clean, sigma), middle - sigma)
    return middle === 0 ? { prevSample } : { prevSample, carried: sample.clone() }
  }

  protected override secondHalf({ start, sample, clean }: HalfStep, carried: tf.Tensor): tf.Tensor {
    return follow(carried, direction(sample, clean, this.middleAt(start)), this.goal(start) - this.sigmaAt(start))
  }

  /** The sigma that a step which begins at a place follows the direction of. */
  protected middleAt(start: number): number {
    // Runs that begin in between two steps take the middle before, as in the reference.
    const end = 2 * Math.ceil((start + 1) / 2)
    return this.middle(this.sigmaAt(end - 2), this.sigmaAt(end))
  }

  /** The sigma that the direction leads to. */
  protected goal(start: number): number {
    return this.sigmaAt(start + 1)
  }

  /** The sigma in the middle of a step, in the logarithm; 0 for the step that leads to no noise. */
  protected middle(from: number, to: number): number {
    return Math.sqrt(from * to)
  }
}
