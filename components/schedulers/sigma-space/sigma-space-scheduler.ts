/**
 * What samplers in sigma space share: samples are `clean + sigma · noise`, and the network sees them scaled. Source:
 * https://arxiv.org/abs/2206.00364
 */
import type * as tf from '../../tensors/tf'
import { SchedulerMixin } from '../scheduler-base'
import type { SchedulerConfig } from '../scheduler-config'
import { linearCombination } from '../steps/linear-combination'
import type { NoiseLevel } from '../steps/prediction-type'

/** Samples hold noise of standard deviation sigma: scale them before they enter the network. */
export abstract class SigmaSpaceScheduler<Config extends SchedulerConfig> extends SchedulerMixin<Config> {
  override scaleModelInput<T extends tf.Tensor>(sample: T, timestep: number): T {
    return linearCombination([this.inputScale(this.inputSigma(this.locate(timestep))), sample])
  }

  protected override noiseLevel(timestep: number): NoiseLevel {
    return { alpha: 1, sigma: this.sigmaAt(this.progress.indexForNoise(timestep)) }
  }

  protected override sampleLevel(timestep: number): NoiseLevel {
    return { alpha: 1, sigma: this.inputSigma(this.locate(timestep)) }
  }

  /** The sigma at a place in the schedule. */
  protected sigmaAt(index: number): number {
    return (this.sigmas as readonly number[])[index] as number // Every schedule of such a class has sigmas, one more than steps.
  }

  /** The sigma of the sample that the network sees at a place in the schedule. */
  protected inputSigma(index: number): number {
    return this.sigmaAt(index)
  }

  /** What a sample is multiplied with before it enters the network. */
  protected abstract inputScale(sigma: number): number
}
