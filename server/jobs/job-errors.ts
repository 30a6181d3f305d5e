/** Why a queue refuses a job, or cannot be asked. */
import { ModularError } from '../../src/errors/modular-error'

/** A request that no queue accepts. */
export class InvalidJobError extends ModularError {
  override readonly code = 'INVALID_JOB'

  constructor(
    /** Name of the field. */
    readonly field: string,
    expected: string,
  ) {
    super(`The field "${field}" of the job is invalid: ${expected}`)
  }
}

/** The queue holds its maximum number of jobs. */
export class QueueFullError extends ModularError {
  override readonly code = 'QUEUE_FULL'

  /** @param maxQueued - How many jobs may wait. */
  constructor(readonly maxQueued: number) {
    super(`The queue is full: ${maxQueued} jobs wait. Submit the job again later.`)
  }
}

/** A client has its maximum number of jobs. */
export class TooManyJobsError extends ModularError {
  override readonly code = 'TOO_MANY_JOBS'

  /** @param maxJobsPerClient - How many jobs a client may have. */
  constructor(readonly maxJobsPerClient: number) {
    super(
      `This client has ${maxJobsPerClient} waiting or running jobs, which is the limit. Wait for one to end, or cancel one.`,
    )
  }
}

/** A queue was closed. */
export class QueueClosedError extends ModularError {
  override readonly code = 'QUEUE_CLOSED'

  constructor() {
    super('The queue is closed. Create a new one.')
  }
}

/** What a queue is made of cannot be reached, opened or loaded. */
export class QueueUnavailableError extends ModularError {
  override readonly code = 'QUEUE_UNAVAILABLE'

  /** @param problem what is wrong, and what to do */
  constructor(problem: string, cause?: unknown) {
    super(`The queue cannot be used: ${problem}`, { cause })
  }
}
