/** What a scheduler's step is called with. */
import { kindOf } from '../../src/errors/text'
import * as tf from '../tensors/tf'
import { SchedulerArgumentError } from './scheduler-argument-error'

/** Makes sure that arguments are tensors. @throws SchedulerArgumentError for the first that is none */
export function requireTensors(scheduler: string, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value instanceof tf.Tensor) continue
    throw new SchedulerArgumentError(scheduler, name, `must be a tensor, but is ${kindOf(value)}`)
  }
}
