/** Spans, as the SDK of OpenTelemetry collects them in memory. */
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { BlockExecutionError, SequentialPipelineBlocks } from '../../../src'
import { failure } from '../fixtures/failures'
import { IncrementStep, Repeat, toy } from '../fixtures/toy-blocks'

const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })

beforeEach(() => {
  exporter.reset()
  trace.setGlobalTracerProvider(provider)
})

afterEach(() => {
  trace.disable()
  context.disable()
})

const inside = toy({
  body: () => trace.getTracer('user').startSpan('own').end(),
})

const pipe = SequentialPipelineBlocks.fromBlocksDict({
  inside,
  loop: Repeat.fromBlocksDict({ add: IncrementStep }),
}).initPipeline()

/** Each span with the name of its parent. */
function tree(): string[] {
  const spans = exporter.getFinishedSpans()
  const names = new Map(spans.map(span => [span.spanContext().spanId, span.name]))
  return spans.map(
    ({ name, parentSpanContext: parent }) => `${name} in ${parent ? names.get(parent.spanId) : 'nothing'}`,
  )
}

test('a run, its blocks and loop steps are spans, each in what it is a part of', async () => {
  await pipe({ x: 0, numSteps: 2 })
  expect(tree()).toEqual([
    'own in nothing',
    'block inside in block SequentialPipelineBlocks',
    'block add in loopStep loop',
    'loopStep loop in block loop',
    'block add in loopStep loop',
    'loopStep loop in block loop',
    'block loop in block SequentialPipelineBlocks',
    'block SequentialPipelineBlocks in run SequentialPipelineBlocks',
    'run SequentialPipelineBlocks in nothing',
  ])
  const step = exporter.getFinishedSpans().find(({ name }) => name === 'loopStep loop')
  expect(step?.attributes).toEqual({
    'tesserae.kind': 'loopStep',
    'tesserae.path': 'loop',
    'tesserae.step': 1,
    'tesserae.total': 2,
  })
})

test('with a context manager, spans of others find the block that makes them, and a run the span around it', async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  await trace.getTracer('user').startActiveSpan('request', async span => {
    await pipe({ x: 0, numSteps: 1 })
    span.end()
  })
  expect(tree()).toEqual(
    expect.arrayContaining(['own in block inside', 'run SequentialPipelineBlocks in request', 'request in nothing']),
  )
})

test('a failed block is a span with its error', async () => {
  const failing = toy({
    body: () => {
      throw new Error('broken')
    },
  })
  await failure(BlockExecutionError, () => SequentialPipelineBlocks.fromBlocksDict({ failing }).initPipeline()())
  const span = exporter.getFinishedSpans().find(({ name }) => name === 'block failing')
  expect(span?.status).toMatchObject({ code: 2, message: expect.stringContaining('broken') })
  expect(span?.events.map(({ name }) => name)).toEqual(['exception'])
})

test('spans are in the time in which they were made', async () => {
  const before = Date.now()
  await pipe({ x: 0, numSteps: 1 })
  const after = Date.now()
  for (const { startTime, endTime } of exporter.getFinishedSpans()) {
    for (const [seconds, nanoseconds] of [startTime, endTime]) {
      const time = seconds * 1000 + nanoseconds / 1e6
      // The two clocks may be apart by a little.
      expect(time).toBeGreaterThan(before - 1000)
      expect(time).toBeLessThan(after + 1000)
    }
  }
})

test('without an SDK there are no spans', async () => {
  trace.disable()
  await pipe({ x: 0, numSteps: 1 })
  expect(exporter.getFinishedSpans()).toEqual([])
})
