/** The fresh noise of stochastic steps. */
import type { Generator } from '../../random/generator'
import { randnTensor } from '../../random/randn-tensor'
import * as tf from '../../tensors/tf'
import { MissingGeneratorError } from '../missing-generator-error'
import { SchedulerArgumentError } from '../scheduler-argument-error'

/** Where the noise of a step comes from. At most one of the two. */
export interface NoiseSource {
  /** Draws the noise; a list has one generator for each sample of the batch. */
  generator?: Generator | readonly Generator[] | undefined
  /** The noise itself, of the sample's shape. It stays the caller's. */
  varianceNoise?: tf.Tensor | undefined
}

/**
 * Normal noise of a sample's shape, drawn in the order of {@link randnTensor}.
 *
 * @throws MissingGeneratorError if there is no source
 * @throws InvalidDrawError if there is a list of generators, and not one for each sample
 * @throws SchedulerArgumentError if there are two, or the noise has another shape
 */
export function stepNoise(scheduler: string, sample: tf.Tensor, { generator, varianceNoise }: NoiseSource): tf.Tensor {
  if (varianceNoise === undefined) {
    if (generator === undefined) throw new MissingGeneratorError(scheduler)
    return randnTensor(sample.shape, generator)
  }
  if (generator !== undefined) {
    throw new SchedulerArgumentError(scheduler, 'varianceNoise', 'cannot be given together with a generator')
  }
  checkShape(scheduler, 'varianceNoise', varianceNoise, sample)
  return varianceNoise
}

/** @throws SchedulerArgumentError if a tensor has not the sample's shape */
export function checkShape(scheduler: string, name: string, tensor: tf.Tensor, sample: tf.Tensor): void {
  if (!tf.util.arraysEqual(tensor.shape, sample.shape)) {
    throw new SchedulerArgumentError(
      scheduler,
      name,
      `must have the sample's shape [${sample.shape}], but has [${tensor.shape}]`,
    )
  }
}
