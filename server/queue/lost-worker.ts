/** What a job fails with whose workers were lost again and again. */
import type { JobFailure } from '../jobs/job'

/** @param losses how often */
export function lostWorkerFailure(losses: number): JobFailure {
  const times = losses === 1 ? 'once' : `${losses} times`
  return {
    code: 'WORKER_LOST',
    message: `The worker of this job was lost ${times}: its process ended or stopped responding. Submit the job again with other inputs, or ask the operator.`,
  }
}
