/** Spans of requests over HTTP, and the trace that their jobs belong to. */
import { context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { openTelemetryTracer } from '../../src/telemetry/open-telemetry'
import type { JobTrace } from '../jobs/job'
import { contextOf, traceOfHeaders, traceOfSpan } from './trace-context'

/** What is known of the trace of a request. */
interface RequestTrace {
  readonly trace: JobTrace | undefined
  /** The span that is ours to end. */
  readonly span: Span | undefined
}

const traces = new WeakMap<FastifyRequest, RequestTrace>()

/** Makes a span of each request, if an SDK is registered that makes none itself. */
export function traceRequests(app: FastifyInstance): void {
  app.addHook('onRequest', async request => {
    traces.set(request, beginTrace(request))
  })
  app.addHook('onResponse', async (request, { statusCode }) => {
    const span = traces.get(request)?.span
    span?.setAttribute('http.response.status_code', statusCode)
    if (statusCode >= 500) span?.setStatus({ code: SpanStatusCode.ERROR })
    span?.end()
  })
}

/** The trace that the job of a request belongs to; `undefined` if nobody traces. */
export function traceOf(request: FastifyRequest): JobTrace | undefined {
  return traces.get(request)?.trace
}

function beginTrace(request: FastifyRequest): RequestTrace {
  const told = traceOfHeaders(request.headers)
  const tracer = openTelemetryTracer()
  if (tracer === undefined) return { trace: told, span: undefined }
  const active = trace.getSpan(context.active())
  if (active) return { trace: traceOfSpan(active.spanContext()), span: undefined }
  const { method, routeOptions } = request
  const route = routeOptions.url
  const attributes = { 'http.request.method': method, ...(route !== undefined && { 'http.route': route }) }
  const name = route === undefined ? method : `${method} ${route}`
  const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, contextOf(told))
  return { trace: traceOfSpan(span.spanContext()), span }
}
