/** Mixes two batches, each sample in its own proportion. */
import * as tf from '../../tensors/tf'
import { SchedulerArgumentError } from '../scheduler-argument-error'
import { linearCombination } from './linear-combination'
import type { NoiseLevel } from './prediction-type'
import { checkShape } from './step-noise'

/**
 * `alpha · signal + sigma · noise`.
 *
 * @param signal `[batch, …]`
 * @param noise of the same shape
 * @param levels one for the whole batch, or one for each sample
 * @throws SchedulerArgumentError
 */
export function mixPerSample<T extends tf.Tensor>(
  scheduler: string,
  signal: T,
  noise: tf.Tensor,
  levels: readonly NoiseLevel[],
): T {
  checkShape(scheduler, 'noise', noise, signal)
  const [batch = 1, ...rest] = signal.shape
  if (levels.length !== 1 && levels.length !== batch) {
    const problem = `must be one for all, or one for each of the ${batch} samples, but are ${levels.length}`
    throw new SchedulerArgumentError(scheduler, 'timesteps', problem)
  }
  const [first] = levels as readonly [NoiseLevel] // There is one at least.
  if (levels.every(({ alpha, sigma }) => alpha === first.alpha && sigma === first.sigma)) {
    return linearCombination<T>([first.alpha, signal], [first.sigma, noise])
  }
  return tf.tidy(() => {
    const column = (values: number[]) => tf.tensor(values, [batch, ...rest.map(() => 1)])
    const alphas = column(levels.map(({ alpha }) => alpha))
    const sigmas = column(levels.map(({ sigma }) => sigma))
    return signal.mul(alphas).add(noise.mul(sigmas)) as T // The shape is the signal's.
  })
}

/** Returns the mix of a sample and noise that is the velocity at a level. */
export function velocityMix({ alpha, sigma }: NoiseLevel): NoiseLevel {
  return { alpha: -sigma, sigma: alpha }
}
