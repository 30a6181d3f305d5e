/** A run that somebody has asked a server for: what it is called with, how far it is, and how it ended. All of it is JSON. */
import type { JobResult } from './job-result'
import type { JsonObject } from './json'

/** Where a job is. The last three are final: a job reaches exactly one of them, once. */
export type JobStatus = 'queued' | 'running' | 'finished' | 'failed' | 'cancelled'

/** The formats that a job's pictures are stored in. */
export const PICTURE_FORMATS = ['png', 'webp', 'jpeg'] as const

/** The format of a job's pictures. */
export type PictureFormat = (typeof PICTURE_FORMATS)[number]

/** The priority of a job that names none. */
export const DEFAULT_PRIORITY = 100

/** The highest number that a priority may be, which comes last. */
export const LOWEST_PRIORITY = 2_000_000

/** A component by its short name, with settings in place of those that the name stands for. */
export interface ComponentChoice {
  /** A short name, e.g. `euler_karras` or `apg`. */
  readonly name: string
  /** Settings in place of the defaults. */
  readonly settings?: JsonObject | undefined
}

/** Components that a job uses in place of those of its pipeline. */
export interface ChosenComponents {
  /** A scheduler with the settings of the model's own, changed to those of the choice. */
  readonly scheduler?: ComponentChoice | undefined
  /** The guider of the job. */
  readonly guider?: ComponentChoice | undefined
}

/** The trace that a job belongs to, as the headers of the W3C tell it. */
export interface JobTrace {
  /** Id of the trace and of the span above the job, in the form of W3C Trace Context. */
  readonly traceparent: string
  /** What tracing systems add, in the same form. */
  readonly tracestate?: string | undefined
}

/** What a job is asked for with. */
export interface JobRequest {
  /** The name under which the server offers the pipeline: letters, digits, `.`, `_` and `-`. */
  readonly pipeline: string
  /** The workflow of the pipeline; without it, the pipeline chooses by the inputs. */
  readonly workflow?: string | undefined
  /** The inputs in wire form, valid by the JSON Schema of the pipeline. */
  readonly inputs: JsonObject
  /** Names of the outputs to keep. Default: `images`. */
  readonly output?: readonly string[] | undefined
  /** The seed of the run; digits where JavaScript's numbers are not exact. Default: one that the queue draws, so that the job can be redrawn. */
  readonly seed?: number | string | undefined
  /** The format of the pictures. Default: `png`. */
  readonly format?: PictureFormat | undefined
  /** Jobs of lower numbers come first, from 0 to {@link LOWEST_PRIORITY}; equal ones in the order of their submission. Default: {@link DEFAULT_PRIORITY}. */
  readonly priority?: number | undefined
  /** Who asks, as far as the server knows: limits and idempotency keys belong to a client. */
  readonly client?: string | undefined
  /** Of two requests of a client for one pipeline with the same key, the second gets the job of the first. */
  readonly idempotencyKey?: string | undefined
  /** How many steps lie between two previews. Without it, none are made. */
  readonly previewEvery?: number | undefined
  /** Components of this run alone: other runs of the pipeline keep theirs. */
  readonly components?: ChosenComponents | undefined
  /**
   * Whether to keep summaries of what each block writes, and to report the memory after it. For blocks in loops, at the
   * steps of the previews, and at the first and the last. Default: false.
   */
  readonly keepValues?: boolean | undefined
  /** The trace that the spans of its run are a part of. */
  readonly trace?: JobTrace | undefined
}

/** How far a running job is. */
export interface JobProgress {
  /** Path of the loop: names of blocks, outermost first. */
  readonly path: readonly string[]
  /** Iterations that are done. */
  readonly step: number
  /** Iterations that there will be, if the loop says so. */
  readonly total?: number | undefined
}

/** Why a job failed, fit to be shown to the client. */
export interface JobFailure {
  /** The kind of failure, e.g. `MISSING_INPUT`; of a worker's end, `WORKER_LOST`. */
  readonly code: string
  /** What went wrong. */
  readonly message: string
  /** Names of the blocks around the failure, outermost first. */
  readonly path?: readonly string[] | undefined
  /** The input that is to blame, and the place in it. */
  readonly input?: readonly (string | number)[] | undefined
  /** Each problem of a call that was refused. */
  readonly issues?: readonly JobFailure[] | undefined
  /** What led to the failure. */
  readonly cause?: JobFailure | undefined
}

/** A job as a queue remembers it. A snapshot: it does not change. */
export interface Job extends JobRequest {
  /** Letters, digits, `.`, `_`, `~` and `-`: fit for paths and addresses. */
  readonly id: string
  readonly output: readonly string[]
  readonly seed: number | string
  readonly format: PictureFormat
  readonly priority: number
  readonly client: string
  /** What the job is doing. */
  readonly status: JobStatus
  /** Milliseconds since 1970, here and below. */
  readonly createdAt: number
  /** When a worker took it last. */
  readonly startedAt?: number | undefined
  /** When it reached its final status. */
  readonly endedAt?: number | undefined
  /** How often a worker has taken it. More than 1: a worker before was lost or gave it back, and the run continued from its last saved state. */
  readonly attempts: number
  /** How often its worker was lost. */
  readonly losses: number
  /** How far a running job is. */
  readonly progress?: JobProgress | undefined
  /** Of a finished job. */
  readonly result?: JobResult | undefined
  /** Of a failed job. */
  readonly error?: JobFailure | undefined
}

/** Returns whether a job has ended for good. */
export function isEnded({ status }: Pick<Job, 'status'>): boolean {
  return status === 'finished' || status === 'failed' || status === 'cancelled'
}
