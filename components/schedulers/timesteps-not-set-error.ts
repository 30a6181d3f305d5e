/** A scheduler is asked for a step before it knows how many there are. */
import { ModularError } from '../../src/errors/modular-error'

/** `step` is called before `setTimesteps`. */
export class TimestepsNotSetError extends ModularError {
  override readonly code = 'TIMESTEPS_NOT_SET'

  constructor(
    /** Name of the scheduler's class. */
    readonly scheduler: string,
  ) {
    super(
      `${scheduler}: step() needs a schedule: call setTimesteps() first, on this very scheduler (each run has its own copy).`,
    )
  }
}
