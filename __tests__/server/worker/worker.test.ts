/** Workers that draw with the bundled model, in processes of their own and in this one. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import sharp from 'sharp'
import { bundledModel, Image, ModularPipeline, type ModularPipelineBlocks, readPngText } from 'tesserae'
import {
  createWorker,
  EmbeddedQueue,
  FolderStore,
  InvalidPipelineSourceError,
  InvalidWorkerOptionError,
  isEnded,
  type Job,
  type JobRequest,
  type NumberedEvent,
  type Worker,
  type WorkerOptions,
} from 'tesserae/server'

const emoji = { model: bundledModel('emoji') }
const inputs = { prompt: 'red apple', numInferenceSteps: 6 }

let folder: string
let queue: EmbeddedQueue
let results: FolderStore
const workers: Worker[] = []
let problems: string[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tesserae worker '))
  queue = new EmbeddedQueue({ leaseDuration: 3_000 })
  results = new FolderStore(folder)
  problems = []
})
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.close()
  await queue.close()
  rmSync(folder, { recursive: true })
})

function start(options: Partial<WorkerOptions> = {}): Worker {
  const onProblem = (problem: string) => problems.push(problem)
  const worker = createWorker({ queue, results, pipelines: { emoji }, onProblem, ...options })
  workers.push(worker)
  return worker
}

async function submit(change: Partial<JobRequest> = {}): Promise<Job> {
  return (await queue.submit({ pipeline: 'emoji', inputs, seed: 1, ...change })).job
}

/** Events of a job to its end, or until one fits. */
async function watch(id: string, until: (event: NumberedEvent['event']) => boolean = () => false) {
  const seen: NumberedEvent['event'][] = []
  for await (const { event } of queue.events(id, { signal: AbortSignal.timeout(120_000) })) {
    seen.push(event)
    if (until(event)) break
  }
  return seen
}

const atStep = (step: number) => (event: NumberedEvent['event']) =>
  event.type === 'loopStep' && (event as { step?: number }).step === step
const stepsOf = (events: readonly NumberedEvent['event'][]) =>
  events.flatMap(event => (event.type === 'loopStep' ? [(event as { step?: number }).step] : []))

async function pixels(job: Job, key = 'images-0.png'): Promise<number[]> {
  const file = await results.open(job.id, key)
  if (file === undefined) throw new Error(`There is no file ${key}.`)
  return [...(await Image.load(new Uint8Array(await new Response(file.stream).arrayBuffer()))).data]
}

/** The picture as the pipeline draws it by itself. */
async function expectedPixels(change: object = {}): Promise<number[]> {
  const pipe = await ModularPipeline.fromPretrained<ModularPipelineBlocks>(emoji.model)
  await pipe.loadComponents()
  const [image] = (await pipe({ ...inputs, ...change }, { output: 'images', seed: 1 })) as Image[]
  pipe.dispose()
  return [...(image as Image).data]
}

describe('a worker with a process of its own', () => {
  test('draws the picture that the pipeline draws, with its settings inside', async () => {
    const worker = start()
    const job = await submit()
    const events = await watch(job.id)
    expect(events.at(-1)?.type).toBe('finished')
    expect(stepsOf(events)).toEqual([1, 2, 3, 4, 5, 6])
    const ended = (await queue.get(job.id)) as Job
    expect(ended.result?.pictures).toEqual([
      { key: 'images-0.png', mediaType: 'image/png', width: 64, height: 64, size: expect.any(Number) },
    ])
    expect(ended.result?.outputs).toEqual({ images: [{ url: 'images-0.png', width: 64, height: 64 }] })
    expect(ended.progress).toMatchObject({ step: 6, total: 6 })
    expect(await pixels(job)).toEqual(await expectedPixels())
    const file = await results.open(job.id, 'images-0.png')
    const bytes = new Uint8Array(await new Response(file?.stream).arrayBuffer())
    const record = JSON.parse((await readPngText(bytes, 'picture')).get('tesserae') as string)
    expect(record).toMatchObject({ ...inputs, seed: 1, width: 64, height: 64 })
    expect(worker.held).toEqual(['emoji'])
    expect(readdirSync(join(folder, job.id))).toEqual(['images-0.png'])
  })

  test('continues from the last saved state when its process is killed, to the same picture', async () => {
    const worker = start({ checkpoints: { interval: 0 } })
    const job = await submit()
    await watch(job.id, atStep(4))
    process.kill(worker.childPid as number, 'SIGKILL')
    const events = await watch(job.id)
    expect(events.at(-1)?.type).toBe('finished')
    expect(events.filter(({ type }) => type === 'requeued')).toEqual([{ type: 'requeued', reason: 'worker-lost' }])
    const resumed = events.find(({ type }) => type === 'resumed') as { step?: number } | undefined
    expect(resumed?.step).toBeGreaterThanOrEqual(2)
    // No step that was done before the saved state is done again.
    const steps = stepsOf(events.slice(events.findIndex(({ type }) => type === 'resumed')))
    expect(steps[0]).toBe((resumed?.step as number) + 1)
    expect(await pixels(job)).toEqual(await expectedPixels())
    expect(await queue.get(job.id)).toMatchObject({ attempts: 2, losses: 1 })
    expect(problems).toEqual([expect.stringContaining('SIGKILL')])
    expect(readdirSync(join(folder, job.id))).toEqual(['images-0.png'])
  })

  test('cancels a running job within a step, and continues with the next', async () => {
    start()
    const job = await submit({ inputs: { ...inputs, numInferenceSteps: 400 } })
    await watch(job.id, atStep(3))
    await queue.cancel(job.id)
    const events = await watch(job.id)
    expect(events.at(-1)?.type).toBe('cancelled')
    expect(stepsOf(events).length).toBeLessThan(100)
    const next = await submit({ inputs: { ...inputs, numInferenceSteps: 1 } })
    expect((await watch(next.id)).at(-1)?.type).toBe('finished')
    expect(await queue.get(next.id)).toMatchObject({ attempts: 1 })
  })

  test('gives the job that runs back when it is closed, and another continues with it', async () => {
    const first = start()
    const long = { numInferenceSteps: 60 }
    const job = await submit({ inputs: { ...inputs, ...long } })
    await watch(job.id, atStep(3))
    await first.close()
    expect(await queue.get(job.id)).toMatchObject({ status: 'queued', losses: 0 })
    start()
    const events = await watch(job.id)
    const resumed = events.find(({ type }) => type === 'resumed') as { step?: number } | undefined
    expect(resumed?.step).toBeGreaterThanOrEqual(3)
    expect(events.at(-1)?.type).toBe('finished')
    expect(await pixels(job)).toEqual(await expectedPixels(long))
  })

  test('lets the job come to its end if it is asked to', async () => {
    const worker = start()
    const job = await submit()
    const next = await submit()
    await watch(job.id, atStep(2))
    await worker.close({ finish: true })
    expect(await queue.get(job.id)).toMatchObject({ status: 'finished', attempts: 1 })
    expect(await queue.get(next.id)).toMatchObject({ status: 'queued' })
  })

  test('replaces its process after so many jobs, and when it is too large', async () => {
    for (const limit of [{ maxJobs: 2 }, { maxMemory: 1024 }]) {
      const worker = start(limit)
      const pids: (number | undefined)[] = []
      for (let i = 0; i < 3; i++) {
        const job = await submit({ inputs: { ...inputs, numInferenceSteps: 3 } })
        await watch(job.id, atStep(1))
        pids.push(worker.childPid)
        expect((await watch(job.id)).at(-1)?.type).toBe('finished')
      }
      expect(new Set(pids).size).toBe('maxJobs' in limit ? 2 : 3)
      await worker.close()
    }
    expect(problems).toEqual([])
  })

  test('fails a job whose process dies each time, and lives on', async () => {
    const module = join(folder, 'dies.cjs')
    await results.check()
    writeFileSync(module, 'module.exports = () => process.kill(process.pid, "SIGSEGV")')
    start({ pipelines: { emoji, dies: { module } } })
    const job = await submit({ pipeline: 'dies' })
    expect((await watch(job.id)).at(-1)).toMatchObject({ type: 'failed', error: { code: 'WORKER_LOST' } })
    expect(problems).toHaveLength(5)
    const next = await submit()
    expect((await watch(next.id)).at(-1)?.type).toBe('finished')
  })

  test.each([
    ['an input of another type', { inputs: { ...inputs, numInferenceSteps: 'many' } }, 'VALIDATION'],
    ['an unknown output', { output: ['film'] }, 'UNKNOWN_VALUE'],
    ['an unknown workflow', { workflow: 'film' }, 'WORKFLOW'],
  ])('fails a job with %s, with the reason', async (_, change, code) => {
    start({ isolate: false })
    const job = await submit(change)
    const last = (await watch(job.id)).at(-1) as { type: string; error?: { code: string; message: string } }
    expect(last.type).toBe('failed')
    expect(last.error?.code).toContain(code)
    expect(last.error?.message).not.toContain(' at ')
  })

  test('reports why a job failed if clients do not see it', async () => {
    const onProblem = (problem: string, error?: unknown) => problems.push(`${problem}: ${(error as Error).message}`)
    start({ isolate: false, onProblem })
    const job = await submit({ output: ['film'] })
    await watch(job.id)
    expect(problems).toEqual([expect.stringMatching(`^The job ${job.id} failed \\(UNKNOWN_VALUE\\): .*"film"`)])
  })

  test('does not report a failure that the client sees and is to blame for', async () => {
    const onProblem = (problem: string) => problems.push(problem)
    start({ isolate: false, onProblem })
    const job = await submit({ inputs: { prompt: 'red apple', timesteps: [900, 5] } })
    const last = (await watch(job.id)).at(-1) as { error?: { code: string; cause?: { code: string } } }
    expect([last.error?.code, last.error?.cause?.code]).toEqual(['BLOCK_EXECUTION', 'SCHEDULER_ARGUMENT'])
    expect(problems).toEqual([])
  })
})

test('a worker in this process draws with pipelines that exist, which stay', async () => {
  const pipe = await ModularPipeline.fromPretrained<ModularPipelineBlocks>(emoji.model)
  await pipe.loadComponents()
  const worker = start({ pipelines: { emoji: pipe }, isolate: false })
  const job = await submit({ workflow: 'text2image', format: 'webp', previewEvery: 3 })
  const events = await watch(job.id)
  expect(events.at(-1)?.type).toBe('finished')
  const previews = events.flatMap(event => (event.type === 'preview' ? [event as { images?: { url: string }[] }] : []))
  expect(previews.map(({ images }) => images?.map(({ url }) => url))).toEqual([
    ['previews/3-0.webp'],
    ['previews/6-0.webp'],
  ])
  expect((await pixels(job, 'previews/3-0.webp')).length).toBeGreaterThan(0)
  const file = await results.open(job.id, 'images-0.webp')
  const meta = await sharp(Buffer.from(await new Response(file?.stream).arrayBuffer())).metadata()
  expect(meta.format).toBe('webp')
  expect(meta.exif?.toString('latin1')).toContain('red apple')
  await worker.close()
  expect(await pipe({ ...inputs, numInferenceSteps: 1 }, { output: 'images' })).toHaveLength(1)
  pipe.dispose()
})

test('what cannot be served is refused', async () => {
  const pipe = await ModularPipeline.fromPretrained<ModularPipelineBlocks>(emoji.model)
  expect(() => start({ pipelines: { emoji: pipe } })).toThrow(InvalidPipelineSourceError)
  expect(() => start({ pipelines: { 'a b': emoji } })).toThrow(InvalidWorkerOptionError)
  expect(() => start({ pipelines: {} })).toThrow(InvalidWorkerOptionError)
  expect(() => start({ maxJobs: 0 })).toThrow(InvalidWorkerOptionError)
  expect(() => start({ checkpoints: { steps: 1.5 } })).toThrow(InvalidWorkerOptionError)
  const open = { pipelines: { emoji: pipe }, isolate: false }
  for (const unused of [{ maxJobs: 2 }, { maxMemory: 2 ** 30 }, { stopTimeout: 100 }, { memoryLimit: '1GB' }])
    expect(() => start({ ...open, ...unused })).toThrow(/The option ".*" of the worker is invalid: it is for/)
  expect(() => start({ ...open, executor: { executor: 'eager' } })).toThrow('Set it where these are loaded.')
  Object.defineProperty(process, 'platform', { value: 'darwin' })
  expect(() => start({ maxMemory: 2 ** 30 })).toThrow('only Linux tells the memory of processes')
  expect(isEnded({ status: 'queued' })).toBe(false)
  await sleep(0)
  pipe.dispose()
})
