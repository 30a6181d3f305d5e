/**
 * Spans for activities, by the API of OpenTelemetry: nothing happens unless an SDK is registered.
 *
 * The API is pinned to 1.9.0 on purpose: an SDK that was registered through an older minor version than ours would be ignored, and SDKs accept 1.9 at most.
 */
import { context, ProxyTracerProvider, type Span, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import { printableMessage } from '../errors/printable'
import type { Activity, ActivityObserver } from './activity'

const TRACER = 'tesserae'

/** The span of each activity. */
const spans = new WeakMap<Activity, Span>()

/** Makes a span of each activity. */
class SpanObserver implements ActivityObserver {
  constructor(private readonly tracer: Tracer) {}

  begin(activity: Activity): void {
    const { kind, name, path, attributes, parent, start } = activity
    const parentSpan = parent && spans.get(parent)
    const around = context.active()
    const options = {
      startTime: performance.timeOrigin + start,
      attributes: {
        'tesserae.kind': kind,
        ...(path.length > 0 && { 'tesserae.path': path.join('.') }),
        ...Object.fromEntries(Object.entries(attributes).map(([key, value]) => [`tesserae.${key}`, value])),
      },
    }
    const span = this.tracer.startSpan(
      `${kind} ${name}`,
      options,
      parentSpan ? trace.setSpan(around, parentSpan) : around,
    )
    spans.set(activity, span)
  }

  end(activity: Activity, { end, error }: { end: number; error: unknown }): void {
    const span = spans.get(activity)
    if (span === undefined) return
    if (error !== undefined) {
      const message = printableMessage(error instanceof Error ? error.message : String(error))
      span.recordException(error instanceof Error ? error : message)
      span.setStatus({ code: SpanStatusCode.ERROR, message })
    }
    span.end(performance.timeOrigin + end)
    // Young collections keep what is in a WeakMap: a long run would grow old with all its spans.
    spans.delete(activity)
  }

  within<T>(activity: Activity, work: () => T): T {
    const span = spans.get(activity)
    return span ? context.with(trace.setSpan(context.active(), span), work) : work()
  }
}

/** Returns what makes spans; `undefined` if no SDK is registered. */
export function openTelemetryTracer(): Tracer | undefined {
  const provider = trace.getTracerProvider()
  // The global provider of this copy of the API stands for the one that is registered, if there is one.
  return provider instanceof ProxyTracerProvider ? provider.getDelegateTracer(TRACER) : provider.getTracer(TRACER)
}

/** Returns the observer that makes spans; `undefined` if no SDK is registered. */
export function openTelemetryObserver(): ActivityObserver | undefined {
  const tracer = openTelemetryTracer()
  return tracer && new SpanObserver(tracer)
}
