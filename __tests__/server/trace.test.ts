/** One trace from a request over the queue to the blocks of its run, as the SDK of OpenTelemetry collects it. */
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { InvalidJobError, type Job } from '../../server'
import type { JobTrace } from '../../server/jobs/job'
import { traceOfHeaders } from '../../server/trace/trace-context'
import { catchWarnings } from '../src/fixtures/emitted-warnings'
import { type Served, serve } from './http/served'

const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`

let served: Served
beforeEach(async () => {
  served = await serve()
})
afterEach(async () => {
  await served.close()
  exporter.reset()
  trace.disable()
  context.disable()
})

async function draw(headers: Record<string, string>, payload: object = { inputs: { prompt: 'fog' } }): Promise<Job> {
  const answer = await served.inject({ method: 'POST', url: '/v1/jobs', headers, payload })
  expect(answer.statusCode).toBe(202)
  const { id } = answer.json()
  for await (const _ of served.queue.events(id));
  return (await served.queue.get(id)) as Job
}

function register(): void {
  trace.setGlobalTracerProvider(provider)
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
}

/** Each span with the name of its parent, without the requests that only look. */
function tree(): string[] {
  const spans = exporter.getFinishedSpans()
  const names = new Map(spans.map(span => [span.spanContext().spanId, span.name]))
  return spans.map(({ name, parentSpanContext: parent }) => {
    const where = parent === undefined ? 'nothing' : (names.get(parent.spanId) ?? parent.spanId)
    return `${name} in ${where}`
  })
}

test('one trace shows a request, its job and its blocks', async () => {
  register()
  const job = await draw({ traceparent, tracestate: 'a=1' })
  expect(tree().sort()).toEqual([
    'POST /v1/jobs in 00f067aa0ba902b7',
    'block DrawGrey in run DrawGrey',
    'job grey in POST /v1/jobs',
    'run DrawGrey in job grey',
  ])
  const spans = exporter.getFinishedSpans()
  expect(new Set(spans.map(span => span.spanContext().traceId))).toEqual(new Set([traceId]))
  const span = spans.find(({ name }) => name === 'job grey')
  expect(span?.attributes).toMatchObject({
    'tesserae.job': job.id,
    'tesserae.outcome': 'finished',
    'tesserae.batch': 1,
  })
  expect(job.trace?.tracestate).toBe('a=1')
})

test('a job that fails is a span with an error, and a request without a trace begins one', async () => {
  register()
  const warnings = catchWarnings()
  await draw({}, { inputs: { prompt: 'fail' } })
  expect(warnings()).toEqual([expect.stringContaining('failed (BLOCK_EXECUTION)')])
  const spans = exporter.getFinishedSpans()
  expect(spans.find(({ name }) => name === 'job grey')?.status.message).toBe('BLOCK_EXECUTION')
  expect(new Set(spans.map(each => each.spanContext().traceId)).size).toBe(1)
})

test('a request of another API belongs to the trace as well', async () => {
  register()
  const payload = { prompt: 'fog' }
  await served.inject({ method: 'POST', url: '/v1/images/generations', headers: { traceparent }, payload })
  expect(tree()).toEqual(
    expect.arrayContaining(['job grey in POST /v1/images/generations', 'run DrawGrey in job grey']),
  )
})

test('without an SDK, the worker gets the trace of the client', async () => {
  expect((await draw({ traceparent })).trace).toEqual({ traceparent })
  expect((await draw({ traceparent: 'nonsense' })).trace).toBeUndefined()
  expect(exporter.getFinishedSpans()).toEqual([])
})

test('a malformed traceparent is ignored in requests, and refused by the queue', async () => {
  for (const wrong of [
    '',
    `ff-${traceId}-00f067aa0ba902b7-01`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `01-${traceId}-00f067aa0ba902b7-01-a\nb`,
  ]) {
    expect(traceOfHeaders({ traceparent: wrong })).toBeUndefined()
  }
  expect(
    traceOfHeaders({ traceparent: `01-${traceId}-00f067aa0ba902b7-01-more`, tracestate: 'x'.repeat(600) }),
  ).toEqual({
    traceparent: `01-${traceId}-00f067aa0ba902b7-01-more`,
  })
  for (const wrong of [
    { traceparent: 'a\nb' },
    { traceparent, tracestate: 7 },
    { traceparent, tracestate: null },
    null,
  ]) {
    const request = { pipeline: 'grey', inputs: {}, trace: wrong as unknown as JobTrace }
    await expect(served.queue.submit(request)).rejects.toThrow(InvalidJobError)
  }
})
