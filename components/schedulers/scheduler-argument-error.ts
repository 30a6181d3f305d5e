/** A scheduler is called in a way that it cannot follow. */
import { ModularError } from '../../src/errors/modular-error'

/** An argument of a scheduler's method is wrong, or not possible together with the scheduler's settings. */
export class SchedulerArgumentError extends ModularError {
  override readonly code = 'SCHEDULER_ARGUMENT'

  constructor(
    /** Name of the scheduler's class. */
    readonly scheduler: string,
    /** Name of the argument. */
    readonly argument: string,
    problem: string,
  ) {
    super(`${scheduler}: ${argument} ${problem}.`)
  }
}
