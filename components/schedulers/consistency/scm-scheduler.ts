/**
 * Simplified consistency models: timesteps are angles between the data and the noise. Source: https://arxiv.org/abs/2410.11081;
 * counterpart: schedulers/scheduling_scm.py
 */

import { z } from 'zod'
import { classNameOf } from '../../../src/format/class-name'
import type * as tf from '../../tensors/tf'
import { linspaceFloat32 } from '../noise-levels/number-sequences'
import type { Schedule } from '../run-progress'
import { SchedulerMixin } from '../scheduler-base'
import { trainTimesteps } from '../scheduler-config'
import type { StepOptions, StepResult } from '../step-options'
import { linearCombination } from '../steps/linear-combination'
import type { NoiseLevel } from '../steps/prediction-type'
import { checkShape, stepNoise } from '../steps/step-noise'
import {
  checkFalling,
  checkOptionNames,
  checkStepCount,
  type SetTimestepsOptions,
  type TimestepsLimits,
  type TimestepsRequest,
} from '../timesteps-request'

const schema = z.object({
  numTrainTimesteps: trainTimesteps(1),
  predictionType: z.enum(['trigflow']).default('trigflow'),
  /** Standard deviation of the data, and so of the noise. */
  sigmaData: z.number().positive().default(0.5),
})

/** Settings of {@link SCMScheduler}. */
export type SCMConfig = z.output<typeof schema>

/** Where runs begin, as the reference rounds a right angle. */
const MAX_TIMESTEP = 1.5708
/** Where the second step of two is, as the models were distilled. */
const INTERMEDIATE_TIMESTEP = 1.3

/**
 * The last of the timesteps, 0, is where the run ends: it is not a step. Timesteps of the caller's own have it too, and so are one more
 * than steps. A run begins with noise of the standard deviation `sigmaData`.
 */
export class SCMScheduler extends SchedulerMixin<SCMConfig> {
  static override readonly className: string = 'SCMScheduler'

  protected override readonly setTimestepsOptions = ['timesteps', 'maxTimesteps', 'intermediateTimesteps'] as const
  protected readonly trainingSchedule: Schedule

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
    const { numTrainTimesteps } = this.config
    this.trainingSchedule = {
      timesteps: Array.from({ length: numTrainTimesteps }, (_, i) => numTrainTimesteps - 1 - i),
    }
  }

  protected override checkRequest(
    numInferenceSteps: number | undefined,
    options: SetTimestepsOptions,
    limits: TimestepsLimits,
  ): TimestepsRequest {
    checkOptionNames(options, limits)
    const { timesteps, maxTimesteps, intermediateTimesteps } = options
    if (timesteps === undefined) {
      const steps = checkStepCount(numInferenceSteps, limits)
      return { numInferenceSteps: steps, timesteps: this.angles(steps, maxTimesteps, intermediateTimesteps) }
    }
    for (const [name, value] of Object.entries({ maxTimesteps, intermediateTimesteps })) {
      if (typeof value === 'number') throw this.refuse(name, 'cannot be given together with timesteps')
    }
    checkFalling(limits.scheduler, 'timesteps', timesteps, Infinity)
    const steps = checkStepCount(numInferenceSteps ?? timesteps.length - 1, limits)
    if (timesteps.length !== steps + 1) {
      const problem = `must be one more than numInferenceSteps (${steps}), but are ${timesteps.length}`
      throw this.refuse('timesteps', problem)
    }
    return { numInferenceSteps: steps, timesteps }
  }

  protected override makeSchedule({ timesteps = [] }: TimestepsRequest): Schedule {
    return { timesteps: timesteps.map(Math.fround) }
  }

  protected override update(
    index: number,
    modelOutput: tf.Tensor,
    sample: tf.Tensor,
    options: StepOptions,
  ): StepResult {
    checkShape(classNameOf(this), 'modelOutput', modelOutput, sample)
    const [from, to] = [this.timesteps[index] as number, this.timesteps[index + 1]]
    if (to === undefined) throw this.refuse('timestep', `${from} is where the run ends, so no step starts there`)
    const predOriginalSample = linearCombination([Math.cos(from), sample], [-Math.sin(from), modelOutput])
    const noise = stepNoise(classNameOf(this), sample, options)
    const next = this.noiseLevel(to)
    return { prevSample: linearCombination([next.alpha, predOriginalSample], [next.sigma, noise]), predOriginalSample }
  }

  protected override noiseLevel(timestep: number): NoiseLevel {
    return { alpha: Math.cos(timestep), sigma: Math.sin(timestep) * this.config.sigmaData }
  }

  protected override velocityLevel(timestep: number): NoiseLevel {
    return { alpha: Math.cos(timestep) * this.config.sigmaData, sigma: Math.sin(timestep) }
  }

  /** The timesteps of a run without any of the caller's own, with the one where it ends. */
  private angles(steps: number, max: number | null | undefined, intermediate: number | null | undefined): number[] {
    if (max === null) throw this.refuse('maxTimesteps', 'can be null only if timesteps are given')
    const begin = max ?? MAX_TIMESTEP
    if (!(begin > 0 && Number.isFinite(begin))) {
      throw this.refuse('maxTimesteps', `must be a number above 0, but is ${begin}`)
    }
    if (steps !== 2 && typeof intermediate === 'number') {
      throw this.refuse('intermediateTimesteps', `can be given for runs of 2 steps only, but there are ${steps}`)
    }
    if (steps !== 2 || intermediate === null) return Array.from(linspaceFloat32(begin, 0, steps + 1))
    const middle = intermediate ?? INTERMEDIATE_TIMESTEP
    if (middle > 0 && middle < begin) return [begin, middle, 0]
    throw this.refuse('intermediateTimesteps', `must be between 0 and ${begin}, but is ${middle}`)
  }
}
