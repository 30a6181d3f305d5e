/** What a worker and the process that runs its jobs say to each other. */
import type { Job, JobProgress } from '../jobs/job'
import type { JobRunEvent } from '../jobs/job-event'
import type { HostOptions } from './pipeline-host'
import type { PipelineSource } from './pipeline-source'
import type { CheckpointSettings, RunOutcome, StopReason } from './runner'

/** To the process. */
export type ToRunner =
  | { readonly do: 'start'; readonly sources: Readonly<Record<string, PipelineSource>>; readonly options: HostOptions }
  | {
      readonly do: 'run'
      readonly job: Job
      readonly stateFile: string | undefined
      readonly folder: string
      readonly checkpoints: CheckpointSettings
    }
  | { readonly do: 'stop'; readonly reason: StopReason }
  /** A file was stored, or not. */
  | { readonly do: 'stored'; readonly number: number; readonly error: string | undefined }

/** From the process. */
export type FromRunner =
  | { readonly is: 'ready' }
  | { readonly is: 'event'; readonly event: JobRunEvent; readonly progress: JobProgress | undefined }
  | { readonly is: 'file'; readonly number: number; readonly key: string; readonly bytes: Uint8Array }
  | { readonly is: 'state'; readonly file: string }
  | { readonly is: 'done'; readonly outcome: RunOutcome; readonly held: readonly string[] }
