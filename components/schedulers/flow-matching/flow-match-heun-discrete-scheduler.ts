/**
 * Heun's method for flow matching models: two predictions for a step, at both its ends. Source: https://arxiv.org/abs/2206.00364,
 * algorithm 2; counterpart: schedulers/scheduling_flow_match_heun_discrete.py
 */

import { z } from 'zod'
import type { RunScope } from '../../../src/container/run-scoped'
import { classNameOf } from '../../../src/format/class-name'
import * as tf from '../../tensors/tf'
import type { Schedule } from '../run-progress'
import { churnedShare } from '../sigma-space/churned-euler-step'
import { direction } from '../sigma-space/sigma-space-line'
import type { StepOptions, StepResult } from '../step-options'
import { linearCombination } from '../steps/linear-combination'
import type { NoiseLevel } from '../steps/prediction-type'
import { checkShape, stepNoise } from '../steps/step-noise'
import type { TimestepsRequest } from '../timesteps-request'
import { FlowMatchScheduler, flowSettings } from './flow-match-scheduler'

const schema = z.object(flowSettings)

/** Settings of {@link FlowMatchHeunDiscreteScheduler}. */
export type FlowMatchHeunDiscreteConfig = z.output<typeof schema>

/** What the first half of a step leaves for the second. */
interface StepBegin {
  readonly sample: tf.Tensor
  readonly derivative: tf.Tensor
  readonly sigmaChange: number
}

/** All timesteps but the first come twice: for the second half of a step and the first of the next. The last step is Euler's. */
export class FlowMatchHeunDiscreteScheduler extends FlowMatchScheduler<FlowMatchHeunDiscreteConfig> {
  static override readonly className: string = 'FlowMatchHeunDiscreteScheduler'

  override readonly order = 2
  private firstHalf: StepBegin | undefined
  /** The place of the timestep at which noise was first added. */
  private noisedIndex: number | undefined

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }

  override forRun(scope?: RunScope): this {
    const copy = super.forRun(scope)
    copy.firstHalf = undefined
    copy.noisedIndex = undefined
    return copy
  }

  override dispose(): void {
    this.forgetFirstHalf()
    this.noisedIndex = undefined
  }

  protected override makeSchedule(request: TimestepsRequest): Schedule {
    const { timesteps, sigmas = [] } = super.makeSchedule(request)
    const twice = (values: readonly number[]) => values.flatMap((value, i) => (i === 0 ? [value] : [value, value]))
    return {
      timesteps: twice(timesteps),
      sigmas: [...twice(sigmas.slice(0, -1)), ...sigmas.slice(-1)],
      numInferenceSteps: timesteps.length,
    }
  }

  protected override update(
    index: number,
    modelOutput: tf.Tensor,
    sample: tf.Tensor,
    options: StepOptions,
  ): StepResult {
    checkShape(classNameOf(this), 'modelOutput', modelOutput, sample)
    const { firstHalf } = this
    const sigma = this.sigmaAt(firstHalf === undefined ? index : index - 1)
    const next = this.sigmaAt(firstHalf === undefined ? index + 1 : index)
    const gamma = churnedShare(sigma, this.timesteps.length, options)
    const sigmaHat = sigma * (1 + gamma)
    const noised = gamma > 0 ? this.addFreshNoise(sample, Math.sqrt(sigmaHat ** 2 - sigma ** 2), options) : sample
    // Subtracted and divided as in the reference: near a sigma of 0 the rounding of this decides the result.
    const predOriginalSample = linearCombination([1, noised], [-(firstHalf === undefined ? sigma : next), modelOutput])
    const derivative = direction(noised, predOriginalSample, firstHalf === undefined ? sigmaHat : next)
    if (firstHalf === undefined) {
      const sigmaChange = next - sigmaHat
      if (index < this.timesteps.length - 1) {
        this.firstHalf = { sample: tf.keep(noised.clone()), derivative: tf.keep(derivative), sigmaChange }
      }
      return { prevSample: linearCombination([1, noised], [sigmaChange, derivative]), predOriginalSample }
    }
    const mean = linearCombination([0.5, firstHalf.derivative], [0.5, derivative])
    const prevSample = linearCombination([1, firstHalf.sample], [firstHalf.sigmaChange, mean])
    this.forgetFirstHalf()
    return { prevSample, predOriginalSample }
  }

  /** Noise is added by the place of the run; before its first step, by that of the timestep first asked for, as in the reference. */
  protected override noiseLevel(timestep: number): NoiseLevel {
    const { stepIndex, beginIndex } = this.progress
    this.noisedIndex ??= beginIndex ?? this.progress.indexOf(timestep)
    const sigma = this.sigmaAt(stepIndex ?? this.noisedIndex)
    return { alpha: 1 - sigma, sigma }
  }

  private forgetFirstHalf(): void {
    tf.dispose([this.firstHalf?.sample ?? [], this.firstHalf?.derivative ?? []])
    this.firstHalf = undefined
  }

  private addFreshNoise(sample: tf.Tensor, deviation: number, options: StepOptions): tf.Tensor {
    const noise = stepNoise(classNameOf(this), sample, options)
    return linearCombination([1, sample], [deviation * (options.sNoise ?? 1), noise])
  }
}
