/**
 * What server and queue cost: `node dist/bench/serving.js`. Prints JSON: milliseconds of a job beyond the drawing, by
 * engine of the queue, and the throughput of four clients against the bare pipeline. It also prints how soon `/healthz`
 * answers while 500 readers of events are connected.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { bundledModel, StableDiffusionAutoBlocks } from 'tesserae'
import { createServer, createWorker, FolderStore, type JobQueue, openQueue } from 'tesserae/server'
import { REDIS_PROGRAM, RedisServer } from '../fuzz/redis-server'
import { ask } from './ask'
import type { ReaderSettings } from './event-readers'
import { median } from './median'
import { drawDot } from './serving-pipeline'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'overhead,throughput,streams' },
    jobs: { type: 'string', default: '100' },
    streams: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '20' },
  },
})
const [jobs, streams, seconds] = [values.jobs, values.streams, values.seconds].map(Number) as [number, number, number]

/** Asks for a job and waits for its last event. */
async function draw(address: string, inputs: object): Promise<string> {
  const { id } = JSON.parse(await ask(`${address}/v1/jobs`, { inputs })) as { id: string }
  const events = await ask(`${address}/v1/jobs/${id}/events`)
  if (!events.includes('"type":"finished"')) throw new Error(`the job has not finished: ${events.slice(-500)}`)
  return id
}

/** Milliseconds of a job of a pipeline that does nothing, from the request to its last event. */
async function measureOverhead(queue: JobQueue, isDurable = true): Promise<{ median: number; p90: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'tesserae-bench-'))
  const results = new FolderStore(folder, { isDurable })
  const pipelines = { dot: drawDot() }
  const worker = createWorker({ queue, results, pipelines, isolate: false })
  const server = createServer({ pipelines, queue, results, limits: { maxQueued: 1000, maxJobsPerClient: 1000 } })
  const address = await server.listen({ port: 0 })
  const times: number[] = []
  for (let i = 0; i < jobs + 20; i++) {
    const begin = performance.now()
    await draw(address, { prompt: 'dot' })
    // The first ones warm the code up.
    if (i >= 20) times.push(performance.now() - begin)
  }
  await worker.close()
  await server.close()
  await queue.close()
  rmSync(folder, { recursive: true, force: true })
  return { median: median(times), p90: times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.9)] as number }
}

async function overhead(): Promise<object> {
  const folder = mkdtempSync(join(tmpdir(), 'tesserae-bench-'))
  const redis = REDIS_PROGRAM === undefined ? undefined : await RedisServer.start()
  const found = {
    memory: await measureOverhead(await openQueue(), false),
    sqlite: await measureOverhead(await openQueue({ file: join(folder, 'jobs.sqlite') })),
    ...(redis && { redis: await measureOverhead(await openQueue({ redis: redis.url })) }),
  }
  await redis?.remove()
  rmSync(folder, { recursive: true, force: true })
  return found
}

/** Pictures in a second: of the pipeline alone, and of four clients of a server with one worker. */
async function throughput(): Promise<object> {
  const pipe = new StableDiffusionAutoBlocks().initPipeline(bundledModel('emoji'))
  await pipe.loadComponents({ executor: 'graph' })
  const inputs = { prompt: 'red apple', numInferenceSteps: 20 }
  await pipe(inputs, { output: 'images', seed: 0 })
  const folder = mkdtempSync(join(tmpdir(), 'tesserae-bench-'))
  const [queue, results] = [await openQueue(), new FolderStore(folder)]
  const worker = createWorker({ queue, results, pipelines: { emoji: { model: bundledModel('emoji') } } })
  const server = createServer({ pipelines: { emoji: pipe }, queue, results })
  const address = await server.listen({ port: 0 })
  await draw(address, inputs)
  const [alone, served]: [number[], number[]] = [[], []]
  const count = 8
  // In turn: the machine's speed changes.
  for (let round = 0; round < 5; round++) {
    let begin = performance.now()
    for (let i = 0; i < count; i++) {
      const [image] = await pipe(inputs, { output: 'images', seed: i })
      await image?.toPng()
    }
    alone.push((1000 * count) / (performance.now() - begin))
    begin = performance.now()
    const client = async () => {
      for (let i = 0; i < count / 4; i++) await draw(address, inputs)
    }
    await Promise.all([client(), client(), client(), client()])
    served.push((1000 * count) / (performance.now() - begin))
  }
  await worker.close()
  await server.close()
  await queue.close()
  pipe.dispose()
  rmSync(folder, { recursive: true, force: true })
  const ratios = served.map((rate, i) => rate / (alone[i] as number))
  return { alone: median(alone), served: median(served), ratio: median(ratios) }
}

/** How soon `/healthz` answers while two workers draw and many read events, a fifth of them slowly. */
async function manyStreams(): Promise<object> {
  const folder = mkdtempSync(join(tmpdir(), 'tesserae-bench-'))
  const [queue, results] = [await openQueue(), new FolderStore(folder)]
  const model = { model: bundledModel('emoji') }
  const pipe = new StableDiffusionAutoBlocks().initPipeline(bundledModel('emoji'))
  const workers = [0, 1].map(() => createWorker({ queue, results, pipelines: { emoji: model } }))
  const limits = { maxQueued: 10_000, maxJobsPerClient: 10_000 }
  const server = createServer({ pipelines: { emoji: pipe }, queue, results, limits })
  const address = await server.listen({ port: 0 })
  const readers = startReaders({ address, streams, seconds })
  await sleep(3000)
  const times: number[] = []
  const memory: number[] = []
  const end = Date.now() + 1000 * (seconds - 3)
  while (Date.now() < end) {
    const begin = performance.now()
    await ask(`${address}/healthz`)
    times.push(performance.now() - begin)
    if (times.length % 20 === 0) memory.push(process.memoryUsage.rss() / 2 ** 20)
    await sleep(10)
  }
  const received = await readers
  for (const worker of workers) await worker.close()
  await server.close()
  await queue.close()
  pipe.dispose()
  rmSync(folder, { recursive: true, force: true })
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] as number
  const third = Math.ceil(memory.length / 3)
  const memories = { first: median(memory.slice(0, third)), last: median(memory.slice(-third)) }
  return { streams, requests: times.length, received, p50: at(0.5), p99: at(0.99), largest: sorted.at(-1), memories }
}

/** Lets a process of its own read events: otherwise `/healthz` would wait for the readers' work too. @returns the bytes that it received */
async function startReaders(settings: ReaderSettings): Promise<number> {
  const child = fork(join(__dirname, 'event-readers.js'), [JSON.stringify(settings)])
  const ended = once(child, 'exit')
  let received: number | undefined
  child.on('message', message => {
    received = message as number
  })
  const [code] = await ended
  if (received === undefined) throw new Error(`the readers of events ended with code ${code}`)
  return received
}

const measurements = { overhead, throughput, streams: manyStreams }

async function main(): Promise<void> {
  for (const name of values.only.split(',')) {
    const measure = measurements[name as keyof typeof measurements]
    if (measure === undefined)
      throw new Error(`there is no measurement "${name}": ${Object.keys(measurements).join(', ')}`)
    process.stdout.write(`${JSON.stringify({ [name]: await measure() })}\n`)
  }
  process.exit(0)
}

void main()
