/**
 * DPM-Solver and DPM-Solver++, singlestep: rounds of steps of order 1, 2 and 3 that all begin at the sample of the round's first one. Source:
 * https://arxiv.org/abs/2206.00927; counterpart: schedulers/scheduling_dpmsolver_singlestep.py
 */

import { z } from 'zod'
import type { RunScope } from '../../../src/container/run-scoped'
import { classNameOf } from '../../../src/format/class-name'
import type * as tf from '../../tensors/tf'
import { finalSigma, sigmaSettings } from '../noise-levels/sigma-settings'
import type { StepOptions, StepResult } from '../step-options'
import { stepNoise } from '../steps/step-noise'
import { TensorHistory } from '../steps/tensor-history'
import type { TimestepsRequest } from '../timesteps-request'
import { dpmSinglestepFactors } from './dpm-solver-factors'
import { algorithmSetting, checkDPMSolver, dpmSolverSettings, followsNoise } from './dpm-solver-settings'
import { ExponentialSolverScheduler, type VisitedLevels } from './exponential-solver-scheduler'
import { checkSolver, dynamicShiftSettings, networkSettings } from './exponential-solver-settings'
import { applyStepFactors } from './step-factors'

const schema = z
  .object({
    ...dpmSolverSettings,
    ...networkSettings,
    ...dynamicShiftSettings,
    algorithmType: algorithmSetting(['dpmsolver', 'dpmsolver++', 'sde-dpmsolver++']),
    /** Take the last step with order 1, also where it could have the highest. */
    lowerOrderFinal: z.boolean().default(false),
    finalSigmasType: sigmaSettings.finalSigmasType,
  })
  .superRefine((config, context) => {
    checkSolver(config, context)
    checkDPMSolver(config, context)
  })

/** Settings of {@link DPMSolverSinglestepScheduler}. */
export type DPMSolverSinglestepConfig = z.output<typeof schema>

/** Remembers the predictions of a round, and the sample that it began with. Timesteps are spaced evenly: it has no other spacing. */
export class DPMSolverSinglestepScheduler extends ExponentialSolverScheduler<DPMSolverSinglestepConfig> {
  static override readonly className: string = 'DPMSolverSinglestepScheduler'

  protected override readonly setTimestepsOptions = ['timesteps', 'mu'] as const
  /** The sample that the round began with. */
  private start = new TensorHistory(1)

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }

  override forRun(scope?: RunScope): this {
    const copy = super.forRun(scope)
    copy.start = new TensorHistory(1)
    return copy
  }

  override dispose(): void {
    super.dispose()
    this.start.clear()
  }

  protected override memory(): number {
    return this.config.solverOrder - 1
  }

  protected override get followsNoise(): boolean {
    return followsNoise(this.config.algorithmType)
  }

  protected override endSigma(): number {
    return finalSigma(this.config.finalSigmasType, this.noise)
  }

  protected override visit(request: TimestepsRequest): VisitedLevels {
    // As in the reference, only the number of the caller's timesteps counts where a flow's sigmas are visited.
    return super.visit(this.config.useFlowSigmas ? { ...request, timesteps: undefined } : request)
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
    // A run that begins inside of a round has less than the round's predictions.
    const predictions = [prediction, ...this.history.newestFirst].slice(0, this.orderAt(index))
    const begins = predictions.length === 1
    // The first step of a run begins a round.
    const start = begins ? sample : (this.start.newestFirst[0] as tf.Tensor)
    const levels = predictions.map((_, age) => this.levelAt(index - age))
    const factors = dpmSinglestepFactors(algorithmType, solverType, this.levelAt(index + 1), levels)
    const prevSample = applyStepFactors(factors, start, predictions, noise)
    this.history.push(prediction)
    if (begins) this.start.push(sample.clone())
    return { prevSample }
  }

  /** The place of a step in its round. The last step of a run may have to take a round of its own. */
  private orderAt(index: number): number {
    const { solverOrder, lowerOrderFinal, finalSigmasType } = this.config
    const order = (index % solverOrder) + 1
    const isLast = index === this.timesteps.length - 1
    return isLast && (finalSigmasType === 'zero' || (lowerOrderFinal && order === solverOrder)) ? 1 : order
  }
}
