/** What the server answers. */
import type { JobView } from '../../server/http/job-view'
import type { ChosenComponents, JobFailure } from '../../server/jobs/job'
import type { JsonValue } from '../../server/jobs/json'
import type { JsonSchema } from '../../src/json-schema/json-schema'

export type { ChosenComponents, ComponentChoice, JobFailure } from '../../server/jobs/job'
export type { JsonValue } from '../../server/jobs/json'
export type { KeptValues, SmallPicture, TensorSummary, ValueSummary } from '../../server/jobs/kept-values'
export type { Choices, Choosable, OfferedComponents } from '../../server/studio/offered-components'
export type { JsonSchema } from '../../src/json-schema/json-schema'

/** What a pipeline, or one of its workflows, takes and gives. */
export interface Schemas {
  readonly inputs: JsonSchema
  readonly outputs: JsonSchema
}

/** A pipeline that the server offers. */
export interface PipelineInfo extends Schemas {
  readonly name: string
  readonly description: string
  readonly workflows: { readonly [name: string]: Schemas }
}

/** A picture of a job. */
export interface PictureInfo {
  readonly url: string
  readonly width: number
  readonly height: number
}

/** A job. */
export type Job = Omit<JobView, 'result'> & {
  readonly result: { readonly pictures: readonly PictureInfo[]; readonly outputs: { [name: string]: JsonValue } } | null
  readonly inputs?: { readonly [name: string]: JsonValue }
}

/** The body of a request for a job. */
export interface JobBody {
  readonly pipeline: string
  readonly workflow?: string
  readonly inputs: { readonly [name: string]: unknown }
  readonly seed?: number | string
  readonly previewEvery?: number
  readonly components?: ChosenComponents
  readonly keepValues?: boolean
}

/** An event of a job: life of the job, and the run itself. */
export type JobEvent =
  | { readonly type: 'queued' | 'cancelled' | 'resumed' | 'runStart' | 'runEnd' }
  | { readonly type: 'started'; readonly attempt: number }
  | { readonly type: 'requeued'; readonly reason: string }
  | { readonly type: 'finished'; readonly result: NonNullable<Job['result']> }
  | { readonly type: 'failed'; readonly error: JobFailure }
  | { readonly type: 'blockStart'; readonly path: readonly string[]; readonly block: string }
  | {
      readonly type: 'blockEnd'
      readonly path: readonly string[]
      readonly block: string
      readonly duration: number
      readonly memory?: { readonly tensors: number; readonly process: number }
    }
  | {
      readonly type: 'loopStart' | 'loopStep'
      readonly path: readonly string[]
      readonly step: number
      readonly total: number | null
    }
  | {
      readonly type: 'preview'
      readonly path: readonly string[]
      readonly step: number
      readonly total: number | null
      readonly images: readonly PictureInfo[]
    }
  | { readonly type: 'warning'; readonly path: readonly string[]; readonly code: string; readonly message: string }
  | { readonly type: 'values'; readonly path: readonly string[]; readonly step: number | null; readonly url: string }
