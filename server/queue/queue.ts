/**
 * What servers and workers ask of a queue of jobs. Two engines implement it: `EmbeddedQueue`, in the process, and `BullMQQueue`, on Redis or Valkey.
 *
 * An accepted job is never lost, and ends exactly once: as finished, failed or cancelled. A worker holds a job by a lease, which it renews by
 * heartbeats. Where they stop, the lease ends and the job waits again; whatever the worker still says of it is refused.
 */
import type { Job, JobFailure, JobProgress, JobRequest } from '../jobs/job'
import type { JobRunEvent, NumberedEvent } from '../jobs/job-event'
import type { JobResult } from '../jobs/job-result'

/** What a queue accepts. A limit that is left out does not apply. */
export interface QueueLimits {
  /** Jobs that may wait. */
  readonly maxQueued?: number | undefined
  /** Jobs of one client that may wait or run. */
  readonly maxJobsPerClient?: number | undefined
}

/** What {@link JobQueue.submit} gives. */
export interface SubmittedJob {
  /** The job. */
  readonly job: Job
  /** `false` for the job of an earlier request with the same idempotency key. */
  readonly isNew: boolean
}

/** A job that a worker has taken, and what it says of it with. */
export interface Lease {
  /** The job. */
  readonly job: Job
  /** Tells this taking from others of the same job. */
  readonly token: string
}

/** Which job a worker asks for. */
export interface TakeOptions {
  /** Names the worker in {@link JobQueue.workers} and in logs. */
  readonly worker: string
  /** Names of the pipelines that it can run. */
  readonly pipelines: readonly string[]
  /** Those among them whose models it holds: their jobs come first among those of equal priority, unless others have waited for long. */
  readonly held?: readonly string[] | undefined
  /** Stops waiting. */
  readonly signal?: AbortSignal | undefined
}

/** Which jobs a worker takes along with one that it has taken. */
export interface TakeAlongOptions {
  /** Names the worker. */
  readonly worker: string
  /** How many at most. */
  readonly most: number
  /** Whether a job fits. */
  readonly fits: (job: Job) => boolean
}

/** What a queue answers to a heartbeat: continue; stop, as the job was cancelled; or stop, as the job is no longer this worker's. */
export type HeartbeatAnswer = 'continue' | 'cancel' | 'lost'

/** How many jobs there are of each status. */
export interface JobCounts {
  /** Jobs that wait. */
  readonly queued: number
  /** Jobs that run. */
  readonly running: number
  /** Jobs that ended well. */
  readonly finished: number
  /** Jobs that failed. */
  readonly failed: number
  /** Jobs that were cancelled. */
  readonly cancelled: number
}

/** A worker that is alive. */
export interface WorkerInfo {
  /** Name of the worker. */
  readonly name: string
  /** Names of the pipelines that it can run. */
  readonly pipelines: readonly string[]
  /** Names of those whose models it holds. */
  readonly held: readonly string[]
}

/** From where events are read. */
export interface EventsOptions {
  /** Only events behind the one with this id. An id that the queue no longer knows gives all that it still has. */
  readonly after?: string | undefined
  /** Ends the iteration. */
  readonly signal?: AbortSignal | undefined
}

/** A queue of jobs. */
export interface JobQueue {
  /**
   * Accepts a job: when the promise resolves, it outlives a crash of this process if the engine has a file or a server.
   *
   * @param limits are checked together with the acceptance; a job that is known already passes
   * @throws InvalidJobError, QueueFullError, TooManyJobsError, QueueClosedError, QueueUnavailableError
   */
  submit(request: JobRequest, limits?: QueueLimits): Promise<SubmittedJob>

  /** The job of an id; `undefined` if it is unknown, or was removed after its retention. */
  get(id: string): Promise<Job | undefined>

  /**
   * Cancels a job: at once if it waits, within a step if it runs; a job that has ended stays as it is.
   *
   * @returns the job as it is now: `running` means that its worker was told to stop; `undefined` for an unknown one
   */
  cancel(id: string): Promise<Job | undefined>

  /**
   * Events of a job, from the beginning or behind one that was seen, and then as they come, until the last. A slow reader holds up nobody: of the
   * log, which is bounded, it misses what is dropped before it comes back; the last event always stays.
   */
  events(id: string, options?: EventsOptions): AsyncIterable<NumberedEvent>

  /** Takes the next job that fits, and waits for one. @returns `undefined` if the signal fires or the queue closes */
  take(options: TakeOptions): Promise<Lease | undefined>

  /**
   * Takes more jobs that fit to one that was taken: of the same pipeline and priority. Waits for none. An engine may stop at the first job that does not
   * fit. Returns fewer jobs if the queue fails.
   */
  takeAlong(lease: Lease, options: TakeAlongOptions): Promise<readonly Lease[]>

  /** Renews a lease. Call it at least every `leaseDuration / 3` milliseconds. */
  heartbeat(lease: Lease): Promise<HeartbeatAnswer>

  /** Resolves when a lease ends before the job does: the job was cancelled, or is lost. Faster than the next heartbeat where the engine can tell. */
  interrupted(lease: Lease, signal: AbortSignal): Promise<'cancel' | 'lost'>

  /** Adds an event of the run to the job's log, and the progress to the job. Does nothing if the lease has ended. Events keep the order of the calls. */
  publish(lease: Lease, event: JobRunEvent, progress?: JobProgress): Promise<void>

  /** Ends a job well. @returns `false` if the lease has ended, and the job is another's */
  finish(lease: Lease, result: JobResult): Promise<boolean>

  /** Ends a job with the reason of its failure. @returns as {@link finish} */
  fail(lease: Lease, error: JobFailure): Promise<boolean>

  /** Ends a job that was cancelled. @returns as {@link finish} */
  confirmCancel(lease: Lease): Promise<boolean>

  /**
   * Puts a job back in front: on shutdown, or because the process that ran it died. Where it has been lost too often, it fails instead (`WORKER_LOST`).
   *
   * @param reason `given-back` does not count as a loss
   * @returns as {@link finish}
   */
  giveBack(lease: Lease, reason: 'given-back' | 'worker-lost'): Promise<boolean>

  /** How many jobs there are. Ended ones count until their retention is over. */
  counts(): Promise<JobCounts>

  /** Workers that have asked for a job, or held one, of late. */
  workers(): Promise<readonly WorkerInfo[]>

  /** Milliseconds after its last heartbeat that a lease ends. */
  readonly leaseDuration: number

  /** Ends what waits in {@link take} and {@link events}, and releases files and connections. Jobs stay; leases end by themselves. */
  close(): Promise<void>
}
