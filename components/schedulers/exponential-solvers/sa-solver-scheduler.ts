/**
 * SA-Solver, the stochastic Adams method: a multistep predictor-corrector with as much fresh noise as is wanted. Source:
 * https://arxiv.org/abs/2309.05019; counterpart: schedulers/scheduling_sasolver.py
 */

import { z } from 'zod'
import { classNameOf } from '../../../src/format/class-name'
import type * as tf from '../../tensors/tf'
import { spacingSettings } from '../scheduler-config'
import type { StepOptions } from '../step-options'
import { levelOfAlphaCumprod, type NoiseLevel } from '../steps/prediction-type'
import { stepNoise } from '../steps/step-noise'
import { adamsFactors } from './adams-factors'
import { endOfSpaced, type VisitedLevels } from './exponential-solver-scheduler'
import { checkSolver, networkSettings, refuseFlowPrediction, solverSettings } from './exponential-solver-settings'
import { PredictorCorrectorScheduler } from './predictor-corrector-scheduler'
import type { StepFactors } from './step-factors'

/** How much fresh noise the step from a timestep adds: 0 for none, 1 for as much as the diffusion's own. */
export type TauFunction = (timestep: number) => number

/** As much as the diffusion's own from timestep 200 to 800, and none elsewhere. */
const defaultTau: TauFunction = timestep => (timestep >= 200 && timestep <= 800 ? 1 : 0)

const order = z.int().min(1).max(4).default(2)

const schema = z
  .object({
    ...solverSettings,
    ...networkSettings,
    ...spacingSettings('linspace'),
    predictorOrder: order,
    correctorOrder: order,
    /** Follow predictions of the clean sample or of the noise. */
    algorithmType: z.enum(['data_prediction', 'noise_prediction']).default('data_prediction'),
    /** A function cannot be in a file: it is an option of the constructor. Default: 1 from timestep 200 to 800, 0 elsewhere. */
    tauFunc: z
      .custom<TauFunction>(value => typeof value === 'function', 'must be a function from timestep to number')
      .default(() => defaultTau),
    /** At the end of a run, lower the orders. */
    lowerOrderFinal: z.boolean().default(true),
  })
  .superRefine((config, context) => {
    checkSolver(config, context)
    if (config.algorithmType === 'noise_prediction') {
      refuseFlowPrediction(config, 'algorithm_type "noise_prediction"', context)
    }
  })

/** Settings of {@link SASolverScheduler}. */
export type SASolverConfig = z.output<typeof schema>

/** Remembers the predictions of the last steps, and the last sample and noise. Each step takes noise, also where it adds none. */
export class SASolverScheduler extends PredictorCorrectorScheduler<SASolverConfig> {
  static override readonly className: string = 'SASolverScheduler'

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }

  protected override memory(): number {
    return Math.max(this.config.predictorOrder, this.config.correctorOrder) - 1
  }

  protected override get followsNoise(): boolean {
    return this.config.algorithmType === 'noise_prediction'
  }

  protected override endSigma(visited: VisitedLevels): number {
    return endOfSpaced(visited, this.noise)
  }

  /** The level that the training has at a timestep, whatever the sigmas of the run are. */
  protected override noiseLevel(timestep: number): NoiseLevel {
    const alphaCumprod = this.noise.alphasCumprod[timestep]
    if (alphaCumprod !== undefined) return levelOfAlphaCumprod(alphaCumprod)
    const last = this.config.numTrainTimesteps - 1
    throw this.refuse('timestep', `must be a whole number from 0 to ${last}, but is ${timestep}`)
  }

  protected override drawNoise(sample: tf.Tensor, options: StepOptions): tf.Tensor {
    return stepNoise(classNameOf(this), sample, options)
  }

  protected override predictorReach(index: number): number {
    const { predictorOrder, lowerOrderFinal } = this.config
    return lowerOrderFinal ? Math.min(predictorOrder, this.timesteps.length - index) : predictorOrder
  }

  protected override correctorReach(index: number): number {
    const { correctorOrder, lowerOrderFinal } = this.config
    return lowerOrderFinal ? Math.min(correctorOrder, this.timesteps.length - index + 2) : correctorOrder
  }

  protected override predictorFactors(index: number, count: number): StepFactors {
    return this.factors(index, index, count)
  }

  protected override correctorFactors(index: number, count: number): StepFactors {
    return this.factors(index - 1, index, count)
  }

  /** The step from a place, with so many predictions, the newest at another place. */
  private factors(index: number, newest: number, count: number): StepFactors {
    const levels = Array.from({ length: count }, (_, age) => this.levelAt(newest - age))
    const ends = { from: this.levelAt(index), to: this.levelAt(index + 1) }
    return adamsFactors({ ...ends, levels, followsNoise: this.followsNoise, tau: this.tauAt(index), fewSteps: true })
  }

  private tauAt(index: number): number {
    const timestep = this.timesteps[index] as number
    const tau = this.config.tauFunc(timestep)
    if (Number.isFinite(tau) && tau >= 0) return tau
    throw this.refuse('tauFunc', `must give numbers from 0 on, but gives ${tau} for timestep ${timestep}`)
  }
}
