/**
 * DPM-Solver++, multistep, for EDM models. Source: https://arxiv.org/abs/2211.01095; counterpart:
 * schedulers/scheduling_edm_dpmsolver_multistep.py
 */

import { z } from 'zod'
import type { RunScope } from '../../../src/container/run-scoped'
import { classNameOf } from '../../../src/format/class-name'
import type * as tf from '../../tensors/tf'
import { dpmSolverFactors } from '../exponential-solvers/dpm-solver-factors'
import { algorithmSetting, dpmSolverSettings } from '../exponential-solvers/dpm-solver-settings'
import { multistepOrder } from '../exponential-solvers/multistep-order'
import { applyStepFactors } from '../exponential-solvers/step-factors'
import type { Schedule } from '../run-progress'
import { thresholdingSettings } from '../scheduler-config'
import type { StepOptions, StepResult } from '../step-options'
import { thresholdSample } from '../steps/dynamic-thresholding'
import { checkShape, stepNoise } from '../steps/step-noise'
import { TensorHistory } from '../steps/tensor-history'
import type { TimestepsRequest } from '../timesteps-request'
import { checkSigmaRange, EDMScheduler, edmSettings } from './edm-scheduler'

const schema = z
  .object({
    ...edmSettings,
    ...thresholdingSettings,
    solverOrder: dpmSolverSettings.solverOrder,
    algorithmType: algorithmSetting(['dpmsolver++', 'sde-dpmsolver++']),
    solverType: dpmSolverSettings.solverType,
    /** In runs of less than 15 steps, lower the order at the end. */
    lowerOrderFinal: z.boolean().default(true),
    /** Take the last step with order 1. */
    eulerAtFinal: z.boolean().default(false),
  })
  .superRefine(checkSigmaRange)

/** Settings of {@link EDMDPMSolverMultistepScheduler}. */
export type EDMDPMSolverMultistepConfig = z.output<typeof schema>

/** Remembers the predictions of the last steps. */
export class EDMDPMSolverMultistepScheduler extends EDMScheduler<EDMDPMSolverMultistepConfig> {
  static override readonly className: string = 'EDMDPMSolverMultistepScheduler'

  private history: TensorHistory

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
    this.history = new TensorHistory(this.config.solverOrder - 1)
  }

  override forRun(scope?: RunScope): this {
    const copy = super.forRun(scope)
    copy.history = new TensorHistory(this.config.solverOrder - 1)
    return copy
  }

  override dispose(): void {
    this.history.clear()
  }

  protected override makeSchedule({ numInferenceSteps }: TimestepsRequest): Schedule {
    return this.scheduleOf(numInferenceSteps, this.config.finalSigmasType === 'zero' ? 0 : this.config.sigmaMin)
  }

  protected override get trainingSchedule(): Schedule {
    return this.scheduleOf(this.config.numTrainTimesteps, 0)
  }

  protected override update(
    index: number,
    modelOutput: tf.Tensor,
    sample: tf.Tensor,
    options: StepOptions,
  ): StepResult {
    const { algorithmType, solverType } = this.config
    const name = classNameOf(this)
    checkShape(name, 'modelOutput', modelOutput, sample)
    const noise = algorithmType.startsWith('sde') ? stepNoise(name, sample, options) : undefined
    const prediction = this.predictClean(this.sigmaAt(index), sample, modelOutput)
    const predictions = [prediction, ...this.history.newestFirst].slice(0, this.orderAt(index))
    const levelAt = (place: number) => ({ alpha: 1, sigma: this.sigmaAt(place) })
    const levels = predictions.map((_, age) => levelAt(index - age))
    const factors = dpmSolverFactors(algorithmType, solverType, levelAt(index + 1), levels)
    const prevSample = applyStepFactors(factors, sample, predictions, noise)
    this.history.push(prediction)
    return { prevSample }
  }

  protected override predictClean(sigma: number, sample: tf.Tensor, modelOutput: tf.Tensor): tf.Tensor {
    const clean = super.predictClean(sigma, sample, modelOutput)
    return this.config.thresholding ? thresholdSample(clean, this.config) : clean
  }

  /** The order of a step, where as much is remembered. There is no second order where the noise ends. */
  private orderAt(index: number): number {
    const steps = this.timesteps.length
    const isLast = index === steps - 1
    return isLast && this.config.finalSigmasType === 'zero' ? 1 : multistepOrder(this.config, index, steps)
  }
}
