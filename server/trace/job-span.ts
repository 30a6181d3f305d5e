/** Spans of jobs where they run: parts of the trace of the request that asked for them. */
import {
  type Attributes,
  type Context,
  context,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { openTelemetryTracer } from '../../src/telemetry/open-telemetry'
import type { Job } from '../jobs/job'
import type { RunOutcome } from '../worker/runner'
import { contextOf } from './trace-context'

/** A job that is computed. */
export interface TracedJob {
  readonly task: { readonly job: Job }
  readonly outcome: Promise<RunOutcome>
}

/** Does work as a part of the trace of a job. */
export type WithinJob = <T>(job: TracedJob, work: () => T) => T

/**
 * Begins the spans of jobs that are computed together, if an SDK is registered; they end with the jobs. The call for all of them belongs to the trace of the first, to which
 * the spans of the others link.
 */
export function beginJobSpans(jobs: readonly TracedJob[]): WithinJob {
  const tracer = openTelemetryTracer()
  if (tracer === undefined) return (_, work) => work()
  const contexts = new Map<TracedJob, Context>()
  let first: SpanContext | undefined
  for (const traced of jobs) {
    const { job } = traced.task
    const around = contextOf(job.trace)
    const links = first ? [{ context: first }] : []
    const options = { kind: SpanKind.CONSUMER, attributes: attributesOf(job, jobs.length), links }
    const span = tracer.startSpan(`job ${job.pipeline}`, options, around)
    first ??= span.spanContext()
    contexts.set(traced, trace.setSpan(around, span))
    void traced.outcome.then(outcome => {
      if (outcome.is === 'failed') span.setStatus({ code: SpanStatusCode.ERROR, message: outcome.error.code })
      span.setAttribute('tesserae.outcome', outcome.is)
      span.end()
    })
  }
  return (job, work) => context.with(contexts.get(job) ?? context.active(), work)
}

function attributesOf({ id, pipeline, attempts, createdAt, startedAt }: Job, batch: number): Attributes {
  return {
    'tesserae.job': id,
    'tesserae.pipeline': pipeline,
    'tesserae.attempt': attempts,
    'tesserae.batch': batch,
    ...(startedAt !== undefined && { 'tesserae.waited': startedAt - createdAt }),
  }
}
