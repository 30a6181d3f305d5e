/** DDIM backwards: from a clean sample to its noise. Counterpart: schedulers/scheduling_ddim_inverse.py */
import type * as tf from '../tensors/tf'
import { DDIMScheduler } from './ddim-scheduler'
import type { Schedule } from './run-progress'
import type { StepResult } from './step-options'
import type { TimestepsRequest } from './timesteps-request'

/** Its timesteps rise. It adds no fresh noise: `eta` has no effect. */
export class DDIMInverseScheduler extends DDIMScheduler {
  protected override readonly trainingSchedule: Schedule = {
    timesteps: Array.from({ length: this.config.numTrainTimesteps }, (_, t) => t),
  }

  protected override makeSchedule(request: TimestepsRequest): Schedule {
    return { timesteps: [...super.makeSchedule(request).timesteps].reverse() }
  }

  protected override ends(index: number): readonly [from: number, to: number] {
    const [to, from] = super.ends(index)
    return [from, to]
  }

  protected override update(index: number, modelOutput: tf.Tensor, sample: tf.Tensor): StepResult {
    return super.update(index, modelOutput, sample, {})
  }
}
