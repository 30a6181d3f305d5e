/** What runs the jobs of a worker: in this process, or in one of its own. */
import type { Job, JobFailure, JobProgress } from '../jobs/job'
import type { JobRunEvent } from '../jobs/job-event'
import type { JobResult } from '../jobs/job-result'

/** Why a run is stopped: the reason of its signal. */
export type StopReason = 'cancel' | 'lost' | 'give-back'

/** A job to run. */
export interface RunnerTask {
  readonly job: Job
  /** File with the state of an earlier run of the job, to continue from. */
  readonly stateFile: string | undefined
  /** Folder for files of this run alone; it may not exist yet. */
  readonly folder: string
  readonly checkpoints: CheckpointSettings
}

/** When the state of a run is saved. */
export interface CheckpointSettings {
  /** Steps between two saved states at least. */
  readonly steps: number
  /** Milliseconds between two saved states at least, and before the first. */
  readonly interval: number
}

/** What a run tells while it continues. */
export interface RunnerHooks {
  /** Stops the run; its reason is a {@link StopReason}. */
  readonly signal: AbortSignal
  event(event: JobRunEvent, progress?: JobProgress): void
  /** Stores a file of the job. */
  file(key: string, bytes: Uint8Array): Promise<void>
  /** A file with the state of the run was written. It is the caller's. */
  state(file: string): void
}

/** How a run ended. */
export type RunOutcome =
  | { readonly is: 'finished'; readonly result: JobResult }
  | { readonly is: 'failed'; readonly error: JobFailure }
  /** As the signal said. */
  | { readonly is: 'stopped' }
  /** The process that ran it is gone. */
  | { readonly is: 'crashed'; readonly how: string }

/** A job to run, with the hooks for what happens. */
export interface RunnerJob {
  readonly task: RunnerTask
  readonly hooks: RunnerHooks
}

/** Jobs that have begun. */
export interface BegunJobs {
  /**
   * Resolves when nothing of them is computed any more, so that the next jobs may begin; their files may still be on the way. Never rejects. Its value is why
   * the call for all of them failed, if each of them could be computed alone.
   */
  readonly computed: Promise<string | undefined>
  /** How each of them ended, in their order. They never reject. */
  readonly outcomes: readonly Promise<RunOutcome>[]
}

/** How many jobs can be computed together. */
export interface BatchLimit {
  /** 1 if each is computed alone; infinite if nothing limits them. */
  readonly most: number
  /** What limits them. */
  readonly why: string | undefined
}

/** Nothing limits a batch. */
export const NO_BATCH_LIMIT: BatchLimit = { most: Number.POSITIVE_INFINITY, why: undefined }

/** Computes one job at a time, or several of one pipeline together. */
export interface Runner {
  /** Names of the pipelines whose models are loaded. */
  readonly held: readonly string[]
  /** How many jobs of a pipeline that is held can be computed together. */
  batchLimit(pipeline: string): BatchLimit
  /** Runs jobs to their ends: several only if they have the same batch key, and their pipeline is held. */
  run(jobs: readonly RunnerJob[]): BegunJobs
  /** Between two jobs: makes room, or begins again, if there is reason to. */
  rest(): Promise<void>
  /** Releases all models, and ends the process. */
  close(): Promise<void>
}
