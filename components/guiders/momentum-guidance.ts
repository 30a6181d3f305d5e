/** What the two kinds of adaptive projected guidance share. Source: https://arxiv.org/abs/2410.02416 */
import { z } from 'zod'
import type { RunScope } from '../../src/container/run-scoped'
import * as tf from '../tensors/tf'
import type { ConditionPair } from './guided-prediction'
import type { GuiderBatch, GuiderInputs } from './guider-batch'
import { MomentumBuffer } from './momentum-buffer'
import { sampleAxes, vectorLength } from './sample-products'
import { type TwoConditionConfig, TwoConditionGuidance, twoConditionSettings } from './two-condition-guidance'
import { weighParallelPart } from './weigh-parallel-part'

/** Settings of every adaptive projected guidance. Check with {@link checkWindow}. */
export const momentumSettings = {
  ...twoConditionSettings,
  /** How much of the earlier differences goes into that of a step; null for none. */
  adaptiveProjectedGuidanceMomentum: z.number().nullable().default(null),
  /** The length that the difference is cut down to; 0 for none. */
  adaptiveProjectedGuidanceRescale: z.number().default(15),
  /** Share that is left of the part of the difference along the conditional prediction. */
  eta: z.number().default(1),
}

/** What the config of every adaptive projected guidance has. */
export type MomentumConfig = TwoConditionConfig & {
  readonly adaptiveProjectedGuidanceMomentum: number | null
  readonly adaptiveProjectedGuidanceRescale: number
  readonly eta: number
}

/**
 * A guider whose differences carry momentum from step to step. The buffer is made when the inputs of step 0 are prepared; a run that
 * begins later has no momentum, as in the reference.
 */
export abstract class MomentumGuidance<
  Config extends MomentumConfig = MomentumConfig,
> extends TwoConditionGuidance<Config> {
  /** What the run remembers. */
  protected momentumBuffer: MomentumBuffer | undefined

  override prepareInputs<const D extends GuiderInputs>(data: D): GuiderBatch<D>[] {
    const { adaptiveProjectedGuidanceMomentum: momentum } = this.config
    if (this.step === 0) {
      this.dispose()
      if (momentum !== null) this.momentumBuffer = new MomentumBuffer(momentum)
    }
    return super.prepareInputs(data)
  }

  override setState(step: number, numInferenceSteps: number, timestep: number): void {
    super.setState(step, numInferenceSteps, timestep)
    if (step === 0) this.dispose()
  }

  override forRun(scope: RunScope = {}): this {
    const copy = super.forRun(scope)
    copy.momentumBuffer = undefined
    return copy
  }

  override saveRun(): Readonly<Record<string, unknown>> {
    const { momentumBuffer } = this
    return {
      ...super.saveRun(),
      ...(momentumBuffer && { momentum: { factor: momentumBuffer.momentum, sum: momentumBuffer.runningSum?.clone() } }),
    }
  }

  override restoreRun(saved: Readonly<Record<string, unknown>>): this {
    const restored = super.restoreRun(saved)
    // What saveRun() has made.
    const momentum = saved['momentum'] as { factor: number; sum: tf.Tensor | undefined } | undefined
    if (momentum) restored.momentumBuffer = new MomentumBuffer(momentum.factor, momentum.sum)
    return restored
  }

  override dispose(): void {
    this.momentumBuffer?.dispose()
    this.momentumBuffer = undefined
  }

  /** The difference of the predictions with momentum, which this step adds to. Runs inside of tf.tidy. */
  protected differenceWithMomentum({ cond, uncond }: ConditionPair): tf.Tensor {
    const difference = cond.sub(uncond)
    return this.momentumBuffer?.add(difference) ?? difference
  }

  /**
   * The difference with momentum, cut down to its longest length, and with `eta` times its part along the conditional prediction. Runs
   * inside of tf.tidy.
   *
   * @param axes over which lengths and products run; by default all but that of the batch
   */
  protected projectedDifference(pair: ConditionPair, axes: readonly number[] = sampleAxes(pair.cond)): tf.Tensor {
    const { adaptiveProjectedGuidanceRescale: longest, eta } = this.config
    let difference = this.differenceWithMomentum(pair)
    if (longest > 0) {
      const share = tf.scalar(longest).div(vectorLength(difference, axes)).minimum(1)
      difference = difference.mul(share)
    }
    return weighParallelPart(difference, pair.cond, eta, axes)
  }
}
