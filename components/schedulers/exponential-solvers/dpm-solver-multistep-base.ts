/** What DPM-Solver's multistep forms share: the step. Source: https://arxiv.org/abs/2211.01095, section 4 */
import { classNameOf } from '../../../src/format/class-name'
import type * as tf from '../../tensors/tf'
import type { StepOptions, StepResult } from '../step-options'
import { stepNoise } from '../steps/step-noise'
import { dpmSolverFactors } from './dpm-solver-factors'
import { type DPMSolverConfig, followsNoise } from './dpm-solver-settings'
import { ExponentialSolverScheduler } from './exponential-solver-scheduler'
import { multistepOrder } from './multistep-order'
import { applyStepFactors } from './step-factors'

/** Each step asks the network once, and uses what it said in the steps before. */
export abstract class DPMSolverMultistepBase<
  Config extends DPMSolverConfig & { readonly eulerAtFinal: boolean },
> extends ExponentialSolverScheduler<Config> {
  protected override memory(): number {
    return this.config.solverOrder - 1
  }

  protected override get followsNoise(): boolean {
    return followsNoise(this.config.algorithmType)
  }

  protected override update(
    index: number,
    modelOutput: tf.Tensor,
    sample: tf.Tensor,
    options: StepOptions,
  ): StepResult {
    const { algorithmType, solverType } = this.config
    const prediction = this.convertModelOutput(index, modelOutput, sample)
    const noise = algorithmType.startsWith('sde') ? stepNoise(classNameOf(this), sample, options) : undefined
    const predictions = [prediction, ...this.history.newestFirst].slice(0, this.orderAt(index))
    const levels = predictions.map((_, age) => this.levelAt(index - age))
    const factors = dpmSolverFactors(algorithmType, solverType, this.levelAt(index + 1), levels)
    const prevSample = applyStepFactors(factors, sample, predictions, noise)
    this.history.push(prediction)
    return { prevSample }
  }

  /** The order of a step, where as much is remembered. */
  protected orderAt(index: number): number {
    return multistepOrder(this.config, index, this.timesteps.length)
  }
}
