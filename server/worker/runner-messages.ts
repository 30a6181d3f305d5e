/** What a worker and the process that runs its jobs say to each other. */
import type { JobProgress } from '../jobs/job'
import type { JobRunEvent } from '../jobs/job-event'
import type { HostOptions } from './pipeline-host'
import type { PipelineSource } from './pipeline-source'
import type { BatchLimit, RunnerTask, RunOutcome, StopReason } from './runner'

/** A job, and the number by which both sides call it. */
export interface NumberedTask {
  readonly number: number
  readonly task: RunnerTask
}

/** An event of a run. */
export interface NumberedRunEvent {
  /** Of the job. */
  readonly number: number
  readonly event: JobRunEvent
  readonly progress: JobProgress | undefined
}

/** A pipeline that is held, and how many of its jobs can be computed together. */
export type HeldName = readonly [name: string, limit: BatchLimit]

/** To the process. */
export type ToRunner =
  | { readonly do: 'start'; readonly sources: Readonly<Record<string, PipelineSource>>; readonly options: HostOptions }
  | { readonly do: 'run'; readonly tasks: readonly NumberedTask[] }
  | { readonly do: 'stop'; readonly number: number; readonly reason: StopReason }
  /** A file was stored, or not. */
  | { readonly do: 'stored'; readonly file: number; readonly error: string | undefined }

/** From the process. `number` is that of the job. */
export type FromRunner =
  | { readonly is: 'ready' }
  | { readonly is: 'events'; readonly events: readonly NumberedRunEvent[] }
  | {
      readonly is: 'file'
      readonly number: number
      readonly file: number
      readonly key: string
      readonly bytes: Uint8Array
    }
  | { readonly is: 'state'; readonly number: number; readonly file: string }
  | { readonly is: 'done'; readonly number: number; readonly outcome: RunOutcome }
  /** The jobs that were begun last are computed. `problem` is why the call for all of them failed. */
  | { readonly is: 'computed'; readonly held: readonly HeldName[]; readonly problem: string | undefined }
