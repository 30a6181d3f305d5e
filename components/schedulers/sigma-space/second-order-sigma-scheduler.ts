/**
 * What samplers in sigma space share that ask the network twice for one step. Counterpart: state_in_first_order of
 * schedulers/scheduling_heun_discrete.py and its relatives
 */

import type { RunScope } from '../../../src/container/run-scoped'
import { classNameOf } from '../../../src/format/class-name'
import type * as tf from '../../tensors/tf'
import type { Schedule } from '../run-progress'
import type { StepOptions, StepResult } from '../step-options'
import { checkShape } from '../steps/step-noise'
import { TensorHistory } from '../steps/tensor-history'
import { type DiscreteSigmaConfig, DiscreteSigmaScheduler } from './discrete-sigma-scheduler'

/** One of the two calls that make a step. */
export interface HalfStep {
  /** Place of the step's first call in the schedule: the sigma there is the one that the step begins at. */
  readonly start: number
  readonly sample: tf.Tensor
  /** The clean sample that the network predicts from it. */
  readonly clean: tf.Tensor
  readonly options: StepOptions
}

/** What the first call of a step returns. */
export interface FirstHalf {
  /** Where the network is asked for the second time. */
  readonly prevSample: tf.Tensor
  /** What the second call starts from. It is taken over. Without it, the step is done already. */
  readonly carried?: tf.Tensor
}

/**
 * Calls of `step` come in pairs, the first pair at the place where the run begins. The last step, down to no noise, is one call, so
 * there is one timestep less than twice the number of steps.
 */
export abstract class SecondOrderSigmaScheduler<
  Config extends DiscreteSigmaConfig,
> extends DiscreteSigmaScheduler<Config> {
  override readonly order: number = 2
  /** What the first call of a step has left for the second. */
  private halfway = new TensorHistory(1)

  override forRun(scope?: RunScope): this {
    const copy = super.forRun(scope)
    copy.halfway = new TensorHistory(1)
    return copy
  }

  override dispose(): void {
    this.halfway.clear()
  }

  /** That of a run of so many steps. */
  protected override get trainingSchedule(): Schedule {
    return this.makeSchedule({ numInferenceSteps: this.config.numTrainTimesteps })
  }

  /** Whether the next call is the second one of its step. */
  protected get isHalfway(): boolean {
    return this.halfway.newestFirst.length > 0
  }

  protected override update(
    index: number,
    modelOutput: tf.Tensor,
    sample: tf.Tensor,
    options: StepOptions,
  ): StepResult {
    checkShape(classNameOf(this), 'modelOutput', modelOutput, sample)
    const clean = this.predictClean(this.inputSigma(index), sample, modelOutput)
    const [begun] = this.halfway.newestFirst
    if (begun === undefined) {
      const { prevSample, carried } = this.firstHalf({ start: index, sample, clean, options })
      if (carried !== undefined) this.halfway.push(carried)
      return { prevSample, predOriginalSample: clean }
    }
    const prevSample = this.secondHalf({ start: index - 1, sample, clean, options }, begun)
    this.halfway.clear()
    return { prevSample, predOriginalSample: clean }
  }

  /** The first call of a step. */
  protected abstract firstHalf(half: HalfStep): FirstHalf

  /** The second call. */
  protected abstract secondHalf(half: HalfStep, carried: tf.Tensor): tf.Tensor
}
