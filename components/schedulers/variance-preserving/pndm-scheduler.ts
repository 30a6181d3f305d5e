/**
 * Pseudo numerical methods: few steps of order 4, that stay on the curve of the data. Source: https://arxiv.org/abs/2202.09778;
 * counterpart: schedulers/scheduling_pndm.py
 */

import { z } from 'zod'
import type { RunScope } from '../../../src/container/run-scoped'
import { classNameOf } from '../../../src/format/class-name'
import * as tf from '../../tensors/tf'
import type { RunMemory } from '../run-memory'
import type { Schedule } from '../run-progress'
import { checkBetas, spacingSettings, trainedBetaSettings } from '../scheduler-config'
import type { StepResult } from '../step-options'
import { linearCombination } from '../steps/linear-combination'
import { checkShape } from '../steps/step-noise'
import { TensorHistory } from '../steps/tensor-history'
import type { TimestepsRequest } from '../timesteps-request'
import { adamsBashforth, MAX_ADAMS_BASHFORTH_ORDER } from './adams-bashforth'
import { VariancePreservingScheduler } from './variance-preserving-scheduler'

const schema = z
  .object({
    ...trainedBetaSettings,
    ...spacingSettings('leading'),
    predictionType: z.enum(['epsilon', 'v_prediction']).default('epsilon'),
    /** Begin with one step that is taken twice, in place of three Runge-Kutta steps. Stable Diffusion does. */
    skipPrkSteps: z.boolean().default(false),
    /** End in no noise at all; otherwise in that of the first training timestep. */
    setAlphaToOne: z.boolean().default(false),
  })
  .superRefine(checkBetas)

/** Settings of {@link PNDMScheduler}. */
export type PNDMConfig = z.output<typeof schema>

/** How many predictions a Runge-Kutta step takes, and their weights. */
const STAGE_WEIGHTS = [1 / 6, 1 / 3, 1 / 3, 1 / 6] as const
/** How many calls the Runge-Kutta steps are in all. */
const RUNGE_KUTTA_CALLS = 3 * STAGE_WEIGHTS.length

/** What a run remembers. */
class Memory implements RunMemory {
  /** Calls of `step` so far. */
  calls = 0
  /** Predictions at the timesteps of the run. */
  readonly outputs = new TensorHistory(MAX_ADAMS_BASHFORTH_ORDER)
  /** The sample that a step of several calls begins with. */
  readonly sample = new TensorHistory(1)
  /** The weighted sum of the predictions of a Runge-Kutta step. */
  readonly sum = new TensorHistory(1)

  saveRun(): object {
    const { calls, outputs, sample, sum } = this
    return { calls, outputs: outputs.saveRun(), sample: sample.saveRun(), sum: sum.saveRun() }
  }

  restoreRun(saved: unknown): void {
    const { calls, outputs, sample, sum } = saved as Record<keyof Memory, unknown> // What saveRun() has made.
    this.calls = Number(calls)
    this.outputs.restoreRun(outputs)
    this.sample.restoreRun(sample)
    this.sum.restoreRun(sum)
  }

  clear(): void {
    this.calls = 0
    for (const kept of [this.outputs, this.sample, this.sum]) kept.clear()
  }
}

/**
 * The first steps of a run take several calls of {@link step}, so its timesteps repeat. What a call does hangs on how many there
 * were before it: a run that begins in the middle of the schedule takes its first step twice, too.
 */
export class PNDMScheduler extends VariancePreservingScheduler<PNDMConfig> {
  static override readonly className: string = 'PNDMScheduler'

  private memory = new Memory()

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }

  override forRun(scope?: RunScope): this {
    const copy = super.forRun(scope)
    copy.memory = new Memory()
    return copy
  }

  override dispose(): void {
    this.memory.clear()
  }

  protected override makeSchedule({ numInferenceSteps }: TimestepsRequest): Schedule {
    const spaced = this.spacedTimesteps(numInferenceSteps)
    const [first = 0, second] = spaced
    if (this.config.skipPrkSteps) {
      return { timesteps: [first, ...(second === undefined ? [] : [second]), ...spaced.slice(1)] }
    }
    if (numInferenceSteps < 4) {
      const problem = `must be at least 4 if skipPrkSteps is false, but is ${numInferenceSteps}`
      throw this.refuse('numInferenceSteps', `${problem}: take more steps, or set skipPrkSteps`)
    }
    const half = Math.floor(this.stride(numInferenceSteps) / 2)
    // The end of each step, and half a step before it; visited twice, for a prediction is made there and followed from there.
    const stages = spaced.slice(1, 4).flatMap(end => [end + half, end + half, end, end])
    return { timesteps: [first, ...stages.slice(0, -1), ...spaced.slice(3)] }
  }

  protected override update(index: number, modelOutput: tf.Tensor, sample: tf.Tensor): StepResult {
    checkShape(classNameOf(this), 'modelOutput', modelOutput, sample)
    const inRungeKutta = !this.config.skipPrkSteps && this.memory.calls < RUNGE_KUTTA_CALLS
    const prevSample = inRungeKutta
      ? this.rungeKuttaCall(index, modelOutput, sample)
      : this.multistepCall(index, modelOutput, sample)
    this.memory.calls++
    return { prevSample }
  }

  private rungeKuttaCall(index: number, modelOutput: tf.Tensor, sample: tf.Tensor): tf.Tensor {
    const { calls, outputs, sample: begin, sum } = this.memory
    if (calls === 0 && index > 0) {
      throw this.refuse('timestep', `must be ${this.timesteps[0]}, the first, if skipPrkSteps is false`)
    }
    const stage = calls % STAGE_WEIGHTS.length
    if (stage === 0) {
      outputs.push(modelOutput.clone())
      begin.push(sample.clone())
    }
    const [before] = stage === 0 ? [] : sum.newestFirst
    const weighted = linearCombination([STAGE_WEIGHTS[stage] as number, modelOutput])
    const total = before === undefined ? weighted : linearCombination([1, before], [1, weighted])
    sum.push(total)
    // Two stages look half a step ahead from where they are, the others follow from there.
    const from = this.timesteps[calls - stage] as number
    const ahead = calls % 2 === 0 ? Math.floor(this.stride() / 2) : 0
    const to = (this.timesteps[index] as number) - ahead
    return this.transfer(begin.newestFirst[0] ?? sample, stage === 3 ? total : modelOutput, from, to)
  }

  private multistepCall(index: number, modelOutput: tf.Tensor, sample: tf.Tensor): tf.Tensor {
    const { calls, outputs, sample: begin } = this.memory
    const timestep = this.timesteps[index] as number
    if (calls === 1) {
      // The first step again, with the mean of the predictions at both its ends.
      const [earlier, first] = [outputs.newestFirst[0] ?? modelOutput, begin.newestFirst[0] ?? sample]
      const mean = linearCombination([0.5, modelOutput], [0.5, earlier])
      const again = this.transfer(first, mean, timestep + this.stride(), timestep)
      begin.clear()
      return again
    }
    outputs.push(modelOutput.clone())
    if (calls === 0) begin.push(sample.clone())
    return this.transfer(sample, adamsBashforth(outputs.newestFirst), timestep, timestep - this.stride())
  }

  /** The training timesteps that a step spans. */
  private stride(steps = this.numInferenceSteps ?? this.config.numTrainTimesteps): number {
    return Math.floor(this.config.numTrainTimesteps / steps)
  }

  /** The sample at another timestep, along a prediction: equation 11. */
  private transfer(sample: tf.Tensor, modelOutput: tf.Tensor, from: number, to: number): tf.Tensor {
    const [left, nextLeft] = [this.alphaCumprodAt(from), this.alphaCumprodAt(to)]
    const noise = this.predictNoise(this.levelAt(from), sample, modelOutput)
    const divisor = left * Math.sqrt(1 - nextLeft) + Math.sqrt(left * (1 - left) * nextLeft)
    // Near pure noise both terms are large, and what they leave hangs on the order of the reference.
    const kept = Math.sqrt(Math.fround(nextLeft / left))
    return linearCombination([kept, sample], [-(nextLeft - left) / divisor, noise])
  }
}
