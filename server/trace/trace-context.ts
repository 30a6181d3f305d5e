/** What ties spans of several processes to one trace. Source: W3C Trace Context, https://www.w3.org/TR/trace-context/ */
import { type Context, createTraceState, ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api'
import type { JobTrace } from '../jobs/job'

/** Later versions may add fields behind these. */
const TRACEPARENT = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?:-.*)?$/

/** Characters of a state that is passed on: what the specification asks for at least. */
const LONGEST_STATE = 512

/** Returns the trace in the headers of a request; `undefined` if it is missing or malformed. */
export function traceOfHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): JobTrace | undefined {
  const { traceparent, tracestate } = headers
  if (!isTraceparent(traceparent)) return undefined
  const state = [tracestate ?? []].flat().join(',')
  return { traceparent, ...(state !== '' && state.length <= LONGEST_STATE && { tracestate: state }) }
}

/** Whether a text is valid as the header `traceparent`. */
function isTraceparent(text: unknown): text is string {
  return typeof text === 'string' && text.length <= 128 && TRACEPARENT.test(text)
}

/** Whether a value is the trace of a job. */
export function isJobTrace(value: unknown): value is JobTrace {
  const { traceparent, tracestate } = Object(value) as Partial<Record<keyof JobTrace, unknown>>
  return isTraceparent(traceparent) && (tracestate === undefined || typeof tracestate === 'string')
}

/** Returns the trace of a span, for the spans that become its children. */
export function traceOfSpan({ traceId, spanId, traceFlags, traceState }: SpanContext): JobTrace {
  const flags = traceFlags.toString(16).padStart(2, '0')
  const tracestate = traceState?.serialize()
  return { traceparent: `00-${traceId}-${spanId}-${flags}`, ...(tracestate && { tracestate }) }
}

/** The context in which spans are parts of a trace. */
export function contextOf(told: JobTrace | undefined): Context {
  const [, , traceId, spanId, flags] = TRACEPARENT.exec(told?.traceparent ?? '') ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT
  const span: SpanContext = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
    ...(told?.tracestate !== undefined && { traceState: createTraceState(told.tracestate) }),
  }
  return trace.setSpanContext(ROOT_CONTEXT, span)
}
