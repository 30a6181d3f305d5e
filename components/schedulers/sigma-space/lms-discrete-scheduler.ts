/**
 * A linear multistep method in sigma space: the directions of the last steps, integrated. Source: k-diffusion's sample_lms (Adams and
 * Bashforth); counterpart: schedulers/scheduling_lms_discrete.py
 */

import { z } from 'zod'
import type { RunScope } from '../../../src/container/run-scoped'
import { classNameOf } from '../../../src/format/class-name'
import type * as tf from '../../tensors/tf'
import { lagrangeIntegrals } from '../exponential-solvers/lagrange-integrals'
import { sigmaSettingNames, sigmaSpacingSettings } from '../noise-levels/sigma-settings'
import type { Schedule } from '../run-progress'
import { checkBetas, checkExclusive, spacingSettings, trainedBetaSettings } from '../scheduler-config'
import type { StepOptions, StepResult } from '../step-options'
import { linearCombination } from '../steps/linear-combination'
import { predictionTypes } from '../steps/prediction-type'
import { checkShape } from '../steps/step-noise'
import { TensorHistory } from '../steps/tensor-history'
import { DiscreteSigmaScheduler } from './discrete-sigma-scheduler'
import { direction } from './sigma-space-line'

const schema = z
  .object({
    ...trainedBetaSettings,
    ...spacingSettings('linspace'),
    ...sigmaSpacingSettings,
    predictionType: z.enum(predictionTypes).default('epsilon'),
  })
  .superRefine((config, context) => {
    checkBetas(config, context)
    checkExclusive(config, sigmaSettingNames, context)
  })

/** Settings of {@link LMSDiscreteScheduler}. */
export type LMSDiscreteConfig = z.output<typeof schema>

/** Takes the order of each step from {@link StepOptions.order}. */
export class LMSDiscreteScheduler extends DiscreteSigmaScheduler<LMSDiscreteConfig> {
  static override readonly className: string = 'LMSDiscreteScheduler'

  private derivatives = new TensorHistory()

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }

  override forRun(scope?: RunScope): this {
    const copy = super.forRun(scope)
    copy.derivatives = new TensorHistory()
    return copy
  }

  override dispose(): void {
    this.derivatives.clear()
  }

  /** That of a run of so many steps. */
  protected override get trainingSchedule(): Schedule {
    return this.makeSchedule({ numInferenceSteps: this.config.numTrainTimesteps })
  }

  protected override update(
    index: number,
    modelOutput: tf.Tensor,
    sample: tf.Tensor,
    options: StepOptions,
  ): StepResult {
    const { order = 4 } = options
    if (!Number.isInteger(order) || order < 1)
      throw this.refuse('order', `must be a whole number from 1 on, but is ${order}`)
    checkShape(classNameOf(this), 'modelOutput', modelOutput, sample)
    const sigma = this.sigmaAt(index)
    const predOriginalSample = this.predictClean(sigma, sample, modelOutput)
    const derivative = direction(sample, predOriginalSample, sigma)
    const derivatives = [derivative, ...this.derivatives.newestFirst].slice(0, order)
    // A run that begins in the middle integrates as if it remembered all steps before, as the reference does.
    const nodes = Array.from({ length: Math.min(index + 1, order) }, (_, age) => this.sigmaAt(index - age) - sigma)
    const weights = lagrangeIntegrals(0, this.sigmaAt(index + 1) - sigma, nodes)
    const weigh = (tensor: tf.Tensor, age: number) => [weights[age] as number, tensor] as const // As many at least.
    const prevSample = linearCombination([1, sample], ...derivatives.map(weigh))
    this.derivatives.push(derivative, order)
    return { prevSample, predOriginalSample }
  }
}
