/** Denoising loops with a stand-in for the network. */
import * as tf from '@tensorflow/tfjs'
import type { SchedulerMixin, StepOptions } from '../../../components/schedulers/scheduler-mixin'

/** One step from a sample, which is disposed. */
export function takeStep(
  scheduler: SchedulerMixin,
  timestep: number,
  sample: tf.Tensor,
  options?: StepOptions,
): tf.Tensor {
  const next = tf.tidy(() => {
    const output = scheduler.scaleModelInput(sample, timestep).mul(0.3).add(0.1)
    return scheduler.step(output, timestep, sample, options).prevSample
  })
  sample.dispose()
  return next
}

/** The sample after the first `calls` of a run, or after all. */
export function takeSteps(scheduler: SchedulerMixin, calls?: number, options?: StepOptions): tf.Tensor {
  let sample: tf.Tensor = tf.ones([1, 2, 2, 1])
  for (const timestep of scheduler.timesteps.slice(0, calls)) sample = takeStep(scheduler, timestep, sample, options)
  return sample
}

/** Its values; it is disposed. */
export function valuesOf(sample: tf.Tensor): number[] {
  const values = Array.from(sample.dataSync())
  sample.dispose()
  return values
}
