/**
 * DPM-Solver-2 in sigma space with fresh noise in each step, as in k-diffusion's sample_dpm_2_ancestral. Counterpart:
 * schedulers/scheduling_k_dpm_2_ancestral_discrete.py
 */
import { classNameOf } from '../../../src/format/class-name'
import type * as tf from '../../tensors/tf'
import { linearCombination } from '../steps/linear-combination'
import { stepNoise } from '../steps/step-noise'
import { type AncestralStep, ancestralStep } from './ancestral-step'
import { KDPM2DiscreteScheduler } from './kdpm2-discrete-scheduler'
import type { HalfStep } from './second-order-sigma-scheduler'

/** The second call of each step draws noise, so `step` needs a generator. */
export class KDPM2AncestralDiscreteScheduler extends KDPM2DiscreteScheduler {
  static override readonly className: string = 'KDPM2AncestralDiscreteScheduler'

  protected override secondHalf(half: HalfStep, carried: tf.Tensor): tf.Tensor {
    const noise = stepNoise(classNameOf(this), half.sample, half.options)
    return linearCombination([1, super.secondHalf(half, carried)], [this.splitAt(half.start).up, noise])
  }

  protected override middleAt(start: number): number {
    return this.middle(...this.endsAt(start))
  }

  protected override goal(start: number): number {
    return this.splitAt(start).down
  }

  /** The middle of the way down. */
  protected override middle(from: number, to: number): number {
    return super.middle(from, ancestralStep(from, to).down)
  }

  private splitAt(start: number): AncestralStep {
    return ancestralStep(...this.endsAt(start))
  }

  private endsAt(start: number): [from: number, to: number] {
    const begin = 2 * Math.ceil(start / 2)
    return [this.sigmaAt(begin), this.sigmaAt(begin + 2)]
  }
}
