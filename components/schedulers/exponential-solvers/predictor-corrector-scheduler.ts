/**
 * What solvers share that go back once the network was asked at the end of a step, and take the step again with its answer. Source:
 * https://arxiv.org/abs/2302.04867
 */
import type { RunScope } from '../../../src/container/run-scoped'
import type * as tf from '../../tensors/tf'
import type { StepOptions, StepResult } from '../step-options'
import { TensorHistory } from '../steps/tensor-history'
import { ExponentialSolverScheduler } from './exponential-solver-scheduler'
import type { SolverConfig } from './exponential-solver-settings'
import { applyStepFactors, type StepFactors } from './step-factors'

/** Remembers, besides predictions, the sample and the noise of the last step. */
export abstract class PredictorCorrectorScheduler<
  Config extends SolverConfig,
> extends ExponentialSolverScheduler<Config> {
  private lastSample = new TensorHistory(1)
  private lastNoise = new TensorHistory(1)

  override forRun(scope?: RunScope): this {
    const copy = super.forRun(scope)
    copy.lastSample = new TensorHistory(1)
    copy.lastNoise = new TensorHistory(1)
    return copy
  }

  override dispose(): void {
    super.dispose()
    this.lastSample.clear()
    this.lastNoise.clear()
  }

  /** How many predictions the step from a place uses, if there are enough. */
  protected abstract predictorReach(index: number): number

  /** How many predictions the step that led to a place uses when it is taken again, that at the place included; 0 not to take it again. */
  protected abstract correctorReach(index: number): number

  /** The step from a place, with so many predictions. */
  protected abstract predictorFactors(index: number, count: number): StepFactors

  /** The step that led to a place, with so many predictions. The factor of the prediction at the place comes first. */
  protected abstract correctorFactors(index: number, count: number): StepFactors

  /** The fresh noise of a step, for solvers that use some. */
  protected drawNoise(_sample: tf.Tensor, _options: StepOptions): tf.Tensor | undefined {
    return undefined
  }

  protected override update(
    index: number,
    modelOutput: tf.Tensor,
    sample: tf.Tensor,
    options: StepOptions,
  ): StepResult {
    const prediction = this.convertModelOutput(index, modelOutput, sample)
    const noise = this.drawNoise(sample, options)
    const predictions = [prediction, ...this.history.newestFirst]
    const corrected = this.correct(index, predictions) ?? sample.clone()
    const used = predictions.slice(0, this.predictorReach(index))
    const prevSample = applyStepFactors(this.predictorFactors(index, used.length), corrected, used, noise)
    this.history.push(prediction)
    this.lastSample.push(corrected)
    // The noise may be the caller's, who disposes it.
    if (noise !== undefined) this.lastNoise.push(noise.clone())
    return { prevSample }
  }

  /** The sample of a place, by the step that led to it; `undefined` if none exists, or it is not to be taken again. */
  private correct(index: number, predictions: readonly tf.Tensor[]): tf.Tensor | undefined {
    const [sample] = this.lastSample.newestFirst
    const [noise] = this.lastNoise.newestFirst
    const used = predictions.slice(0, this.correctorReach(index))
    if (sample === undefined || used.length === 0) return undefined
    return applyStepFactors(this.correctorFactors(index, used.length), sample, used, noise)
  }
}
