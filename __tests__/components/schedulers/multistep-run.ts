/** A denoising loop with a stand-in for the network. */
import * as tf from '@tensorflow/tfjs'
import type { SchedulerMixin } from '../../../components/schedulers/scheduler-base'

/** A run that can be taken step by step. */
export class MultistepRun {
  private sample: tf.Tensor = tf.tensor4d([1, -0.5, 0.25, 2], [1, 2, 2, 1])
  private done = 0

  constructor(readonly scheduler: SchedulerMixin) {}

  /** Takes some steps; by default all that are left. */
  take(steps = Infinity): this {
    for (const t of this.scheduler.timesteps.slice(this.done, this.done + steps)) {
      const next = tf.tidy(() => this.scheduler.step(this.sample.mul(0.3), t, this.sample).prevSample)
      this.sample.dispose()
      this.sample = next
      this.done++
    }
    return this
  }

  /** The values reached. The run is over. */
  finish(): number[] {
    const values = Array.from(this.sample.dataSync())
    this.sample.dispose()
    this.scheduler.dispose()
    return values
  }
}
