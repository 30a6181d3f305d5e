/**
 * The straight line from a sample to its clean one, in sigma space. Its terms are kept apart as in the reference. In
 * schedules that end in nearly no signal, sigmas are large: a step down to none is the difference of large numbers, and
 * rounding shows.
 */
import type * as tf from '../../tensors/tf'
import { linearCombination } from '../steps/linear-combination'

/** How a sample changes along the line, for each unit of sigma. */
export function direction(sample: tf.Tensor, clean: tf.Tensor, sigma: number): tf.Tensor {
  return linearCombination([1 / sigma, linearCombination([1, sample], [-1, clean])])
}

/** The sample after a way along a direction. */
export function follow(sample: tf.Tensor, along: tf.Tensor, way: number): tf.Tensor {
  return linearCombination([1, sample], [Math.fround(way), along])
}
