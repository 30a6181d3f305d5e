/**
 * DEIS, the diffusion exponential integrator sampler, multistep in the logarithm of the noise. Source: https://arxiv.org/abs/2204.13902;
 * counterpart: schedulers/scheduling_deis_multistep.py
 */
import { z } from 'zod'
import type * as tf from '../../tensors/tf'
import { spacingSettings } from '../scheduler-config'
import type { StepResult } from '../step-options'
import { linearCombination } from '../steps/linear-combination'
import { adamsFactors } from './adams-factors'
import { ExponentialSolverScheduler, endOfSpaced, type VisitedLevels } from './exponential-solver-scheduler'
import { checkSolver, dynamicShiftSettings, solverSettings } from './exponential-solver-settings'
import { multistepOrder } from './multistep-order'

const schema = z
  .object({
    ...solverSettings,
    ...spacingSettings('linspace'),
    ...dynamicShiftSettings,
    solverOrder: z.int().min(1).max(3).default(2),
    /** The names of DPM-Solver, of which a config may come, stand for its own. */
    algorithmType: z
      .enum(['deis', 'dpmsolver', 'dpmsolver++'])
      .transform(() => 'deis' as const)
      .default('deis'),
    /** The names of DPM-Solver and UniPC, of which a config may come, stand for its own. */
    solverType: z
      .enum(['logrho', 'midpoint', 'heun', 'bh1', 'bh2'])
      .transform(() => 'logrho' as const)
      .default('logrho'),
  })
  .superRefine((config, context) => checkSolver(config, context))

/** Settings of {@link DEISMultistepScheduler}. */
export type DEISMultistepConfig = z.output<typeof schema>

/** Follows the noise, and ends at the smallest noise of the training. */
export class DEISMultistepScheduler extends ExponentialSolverScheduler<DEISMultistepConfig> {
  static override readonly className: string = 'DEISMultistepScheduler'

  protected override readonly setTimestepsOptions = ['mu'] as const

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }

  protected override memory(): number {
    return this.config.solverOrder - 1
  }

  protected override get followsNoise(): boolean {
    return true
  }

  protected override endSigma(visited: VisitedLevels): number {
    return endOfSpaced(visited, this.noise)
  }

  protected override update(index: number, modelOutput: tf.Tensor, sample: tf.Tensor): StepResult {
    const prediction = this.convertModelOutput(index, modelOutput, sample)
    const order = multistepOrder(this.config, index, this.timesteps.length)
    const predictions = [prediction, ...this.history.newestFirst].slice(0, order)
    const levels = predictions.map((_, age) => this.levelAt(index - age))
    const step = { from: this.levelAt(index), to: this.levelAt(index + 1), levels }
    const factors = adamsFactors({ ...step, followsNoise: true, tau: 0 })
    const prevSample = linearCombination(
      [factors.sample, sample],
      ...predictions.map((tensor, age) => [factors.predictions[age] as number, tensor] as const),
    )
    this.history.push(prediction)
    return { prevSample }
  }
}
