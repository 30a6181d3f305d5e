/** Jobs as BullMQ keeps them, and back. */
import type { Job as BullJob } from 'bullmq'
import type { Job, JobFailure, JobProgress } from '../jobs/job'
import type { JobResult } from '../jobs/job-result'

/** What BullMQ keeps of a job beside its own fields. */
export interface JobData {
  readonly job: Job
  /** Tells the request that made the job from later ones with the same id. */
  readonly nonce: string
  /** The taking after which its worker gave it back itself. */
  readonly givenBack?: number
  /** How often its worker said that its process was lost. */
  readonly losses?: number
}

/** A job of BullMQ that is ours. */
export type OurBullJob = BullJob<JobData, JobResult>

/** The failure of a job that was cancelled while it ran. */
export const CANCELLED: JobFailure = { code: 'CANCELLED', message: 'The job was cancelled.' }

/** How often the worker of a job was lost: as it said itself, or as others found out. */
export function lossesOf({ data, stalledCounter }: OurBullJob): number {
  return (data.losses ?? 0) + (stalledCounter ?? 0)
}

/** A job as all engines tell it. */
export function jobOf(bull: OurBullJob): Job {
  const { data, attemptsStarted = 0, processedOn, finishedOn, returnvalue, failedReason, progress } = bull
  const isFailed = finishedOn !== undefined && failedReason !== undefined
  const error = isFailed ? failureOf(failedReason) : undefined
  const isCancelled = error?.code === CANCELLED.code
  const isBegun = typeof progress === 'object' && 'step' in progress
  return {
    ...data.job,
    status: 'queued',
    attempts: attemptsStarted,
    losses: lossesOf(bull),
    ...(processedOn !== undefined && { startedAt: processedOn }),
    ...(isBegun && { progress: progress as unknown as JobProgress }), // What a worker put there.
    ...(finishedOn !== undefined && { endedAt: finishedOn, status: 'finished' }),
    ...(finishedOn !== undefined && !isFailed && { result: returnvalue }),
    ...(error && { status: 'failed', error }),
    ...(isCancelled && { status: 'cancelled', error: undefined }),
  }
}

function failureOf(reason: string): JobFailure {
  try {
    return JSON.parse(reason) as JobFailure
  } catch {
    // BullMQ's own.
    return { code: 'WORKER_LOST', message: reason }
  }
}
