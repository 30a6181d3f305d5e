/** What is reported about a job while it waits and runs. All of it is JSON. */
import type { JobFailure } from './job'
import type { JobResult } from './job-result'
import type { JsonValue } from './json'

/** The job was accepted. The first event of every job. */
export interface JobQueuedEvent {
  readonly type: 'queued'
}

/** A worker has taken the job. Comes again if that worker is lost and another takes over. */
export interface JobStartedEvent {
  readonly type: 'started'
  /** Number of the attempt, from 1. */
  readonly attempt: number
}

/** The job waits again: its worker gave it back, or was lost. */
export interface JobRequeuedEvent {
  readonly type: 'requeued'
  /** Why the job waits again. */
  readonly reason: 'given-back' | 'worker-lost'
}

/** The job has finished. The last event. */
export interface JobFinishedEvent {
  readonly type: 'finished'
  /** What the job returned. */
  readonly result: JobResult
}

/** The job has failed. The last event. */
export interface JobFailedEvent {
  readonly type: 'failed'
  /** Why the job failed. */
  readonly error: JobFailure
}

/** The job was cancelled. The last event. */
export interface JobCancelledEvent {
  readonly type: 'cancelled'
}

/** An event of the run itself in wire form: `blockStart`, `loopStep`, `preview`, `warning` and the others. */
export interface JobRunEvent {
  /** Type of the run's event. */
  readonly type: string
  readonly [name: string]: JsonValue | undefined
}

/** Events by which a queue tells what becomes of a job. */
export type JobLifeEvent =
  | JobQueuedEvent
  | JobStartedEvent
  | JobRequeuedEvent
  | JobFinishedEvent
  | JobFailedEvent
  | JobCancelledEvent

/** Any event of a job, told apart by `type`. */
export type JobEvent = JobLifeEvent | JobRunEvent

/** An event with the id by which a reader continues after it. */
export interface NumberedEvent {
  /** Opaque, of one line: what a browser sends as `Last-Event-ID`. */
  readonly id: string
  /** The event. */
  readonly event: JobEvent
}

/** Returns whether an event is the last one of its job. */
export function isFinalEvent({ type }: Pick<JobEvent, 'type'>): boolean {
  return type === 'finished' || type === 'failed' || type === 'cancelled'
}
