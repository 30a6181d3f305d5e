/** Jobs that are computed together: what is of each job stays its own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  Block,
  bundledModel,
  Image,
  type In,
  Input,
  ModularPipeline,
  ModularPipelineBlocks,
  type Out,
  Output,
  observeActivities,
  setProcessLimits,
  tf,
} from 'tesserae'
import {
  createWorker,
  EmbeddedQueue,
  FolderStore,
  type Job,
  type JobRequest,
  type NumberedEvent,
  type ServedPipeline,
  type Worker,
  type WorkerOptions,
} from 'tesserae/server'
import { PipelineHost } from '../../../server/worker/pipeline-host'
import { makeJob } from './make-job'

const emoji = { model: bundledModel('emoji') }
const inputs = { numInferenceSteps: 3 }

/**
 * How far a pixel of a picture may be from the one that is drawn alone, of 255. The reference has the same difference: matrices of other sizes are multiplied
 * in another order.
 */
const TOLERANCE = 1

/** A module with a pipeline that draws single pictures, and never decodes several. */
const HANGS = `
const { bundledModel, ModularPipeline } = require(${JSON.stringify(join(__dirname, '..', '..', '..', 'dist', 'index.js'))})
module.exports = async () => {
  const pipe = await ModularPipeline.fromPretrained(bundledModel('emoji'))
  await pipe.loadComponents()
  const { vae } = pipe.components
  const { decode } = vae
  vae.decode = (latents, options) =>
    latents.shape[0] > 1 ? new Promise(() => undefined) : decode.call(vae, latents, options)
  return pipe
}`

/** Not one of Tesserae's own. */
@Block({ description: 'Draws one pixel.' })
class DrawOwn extends ModularPipelineBlocks {
  @Input() prompt!: In<string>
  @Output() images!: Out<Image[]>

  run() {
    this.images = [new Image({ width: 1, height: 1, channels: 3, data: new Uint8Array(3) })]
  }
}

let pipe: ServedPipeline
let folder: string
let queue: EmbeddedQueue
let results: FolderStore
let workers: Worker[]
let problems: string[]

beforeAll(async () => {
  pipe = await ModularPipeline.fromPretrained<ModularPipelineBlocks>(emoji.model)
  await pipe.loadComponents()
})
afterAll(() => pipe.dispose())
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tesserae batch '))
  queue = new EmbeddedQueue()
  results = new FolderStore(folder, { isDurable: false })
  workers = []
  problems = []
})
afterEach(async () => {
  for (const worker of workers) await worker.close()
  await queue.close()
  rmSync(folder, { recursive: true })
})

async function submit(prompt: string, change: Partial<JobRequest> & { inputs?: JobRequest['inputs'] } = {}) {
  const request = { pipeline: 'emoji', seed: 1, ...change, inputs: { ...inputs, prompt, ...change.inputs } }
  return (await queue.submit(request)).job
}

/** Begins to work on what was submitted. The first job is drawn alone: it shows what the pipeline is. */
function start(options: Partial<WorkerOptions> = {}): void {
  const onProblem = (problem: string) => problems.push(problem)
  const worker = createWorker({
    queue,
    results,
    pipelines: { emoji: pipe },
    isolate: false,
    batch: 4,
    onProblem,
    ...options,
  })
  workers.push(worker)
}

async function watch({ id }: Job): Promise<NumberedEvent['event'][]> {
  const seen: NumberedEvent['event'][] = []
  for await (const { event } of queue.events(id, { signal: AbortSignal.timeout(120_000) })) seen.push(event)
  return seen
}

/** Waits for jobs, and counts the calls of the pipeline meanwhile. */
async function callsUntil(jobs: readonly Job[]): Promise<number> {
  let calls = 0
  const stop = observeActivities({ begin: ({ kind }) => void (kind === 'run' && calls++) })
  for (const job of jobs) await watch(job)
  stop()
  return calls
}

async function pixels({ id }: Job, key = 'images-0.png'): Promise<Uint8Array> {
  const file = await results.open(id, key)
  return (await Image.load(new Uint8Array(await new Response(file?.stream).arrayBuffer()))).data as Uint8Array
}

/** The picture of a job as the pipeline draws it by itself. */
async function alone({ inputs: given, seed }: Job): Promise<Uint8Array> {
  const [image] = (await pipe({ ...given }, { output: 'images', seed: seed as number })) as Image[]
  return image?.data as Uint8Array
}

/** A job for a host, without a queue. */
function hostJob(change: Partial<Job>, event: (type: string) => void = () => undefined) {
  const stop = new AbortController()
  const checkpoints = { steps: 1000, interval: 1e9 }
  const task = {
    job: makeJob({ status: 'running', attempts: 1, ...change }),
    stateFile: undefined,
    folder,
    checkpoints,
  }
  const hooks = {
    signal: stop.signal,
    event: ({ type }: { readonly type: string }) => event(type),
    file: async () => undefined,
    state: () => undefined,
  }
  return { task, hooks, stop }
}

/** A host that holds the pipeline. */
async function makeHost(): Promise<PipelineHost> {
  const host = new PipelineHost({ emoji: pipe })
  await host.run([hostJob({ inputs: { prompt: 'rocket', numInferenceSteps: 1 } })]).computed
  return host
}

const largestDifference = (a: Uint8Array, b: Uint8Array) =>
  a.length === b.length ? a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0) : 255
const typesOf = (events: readonly NumberedEvent['event'][]) => events.map(({ type }) => type)

test('jobs that differ in texts and seeds are drawn in one call, each as if it were alone', async () => {
  const jobs = [
    await submit('rocket'),
    await submit('red apple', { seed: 7, inputs: { negativePrompt: 'rocket' } }),
    await submit('green car', { seed: 8, inputs: { negativePrompt: '' }, format: 'webp' }),
    // Other settings: not with them.
    await submit('red apple', { inputs: { numInferenceSteps: 2, negativePrompt: '' } }),
    await submit('purple cat', { seed: '9', inputs: { negativePrompt: 'octopus' }, previewEvery: 2 }),
  ]
  start()
  expect(await callsUntil(jobs)).toBe(3)
  for (const job of jobs) expect(await queue.get(job.id)).toMatchObject({ status: 'finished', attempts: 1 })
  const [, apple, , , cat] = jobs as [Job, Job, Job, Job, Job]
  for (const job of [apple, cat]) {
    expect(largestDifference(await pixels(job), await alone({ ...job, seed: Number(job.seed) }))).toBeLessThanOrEqual(
      TOLERANCE,
    )
  }
  expect(largestDifference(await pixels(apple), await pixels(cat))).toBeGreaterThan(50)
  const events = await watch(cat)
  expect(typesOf(events).filter(type => type === 'loopStep')).toHaveLength(3)
  const previews = events.flatMap(event => (event.type === 'preview' ? [event as { images?: { url: string }[] }] : []))
  expect(previews.map(({ images }) => images?.map(({ url }) => url))).toEqual([
    ['previews/2-0.png'],
    ['previews/3-0.png'],
  ])
  expect(typesOf(await watch(apple))).not.toContain('preview')
  expect((await queue.get(jobs[2]?.id as string))?.result?.pictures[0]?.mediaType).toBe('image/webp')
})

test('a job that is cancelled leaves, and the others continue', async () => {
  const [first, gone, other] = [
    await submit('rocket'),
    await submit('red apple', { inputs: { numInferenceSteps: 12 } }),
    await submit('green car', { seed: 3, inputs: { numInferenceSteps: 12 } }),
  ]
  start()
  for await (const { event } of queue.events(gone.id)) if (event.type === 'loopStep') break
  await queue.cancel(gone.id)
  expect(typesOf(await watch(gone)).at(-1)).toBe('cancelled')
  expect(await queue.get(other.id)).toMatchObject({ status: 'running' })
  await callsUntil([first, other])
  expect(await queue.get(other.id)).toMatchObject({ status: 'finished', attempts: 1 })
  expect(largestDifference(await pixels(other), await alone(other))).toBeLessThanOrEqual(TOLERANCE)
  expect(await results.open(gone.id, 'images-0.png')).toBeUndefined()
})

test('a failure or a warning stays with its job, and the others draw as if they were alone', async () => {
  const syntax = { promptSyntax: 'a1111' }
  const long = `${'red apple, '.repeat(40)}apple`
  const jobs = [
    await submit('rocket', { inputs: syntax }),
    await submit('(apple:1000000)', { inputs: syntax }),
    await submit('', { inputs: syntax }),
    await submit('green car', { inputs: syntax }),
    await submit('purple cat', { inputs: { ...syntax, numInferenceSteps: 2 } }),
    await submit(long, { inputs: { ...syntax, numInferenceSteps: 2 } }),
  ]
  start()
  for (const job of jobs) await watch(job)
  const [, bad, empty, good, short] = jobs as [Job, Job, Job, Job, Job]
  const failed = await queue.get(bad.id)
  expect(failed).toMatchObject({ status: 'failed', error: { code: 'INPUT_TYPE', input: ['prompt'] } })
  const warned = async (job: Job) =>
    (await watch(job)).filter(({ type }) => type === 'warning').map(event => 'code' in event && event.code)
  expect(await warned(empty)).toContain('PROMPT_EMPTY')
  expect(await warned(good)).toEqual([])
  expect(typesOf(await watch(good)).filter(type => type === 'runStart')).toHaveLength(1)
  // A longer prompt in the same call would change this one.
  for (const job of [good, short]) expect(await pixels(job)).toEqual(await alone(job))
})

test('jobs of custom blocks run one by one, with a warning', async () => {
  const own = new DrawOwn().initPipeline()
  const jobs: Job[] = []
  for (let i = 0; i < 3; i++)
    jobs.push((await queue.submit({ pipeline: 'own', inputs: { prompt: `${i}` }, seed: i })).job)
  start({ pipelines: { own } })
  expect(await callsUntil(jobs)).toBe(3)
  expect(problems).toEqual([expect.stringContaining('Jobs of "own" are drawn one by one')])
})

test('a worker with a process of its own batches as well, and returns unfinished jobs when it closes', async () => {
  const jobs = [await submit('rocket'), await submit('red apple'), await submit('green car', { seed: 2 })]
  start({ pipelines: { emoji }, isolate: true })
  for (const job of jobs) expect(typesOf(await watch(job)).at(-1)).toBe('finished')
  for (const job of jobs) expect(largestDifference(await pixels(job), await alone(job))).toBeLessThanOrEqual(TOLERANCE)
  const long = { inputs: { numInferenceSteps: 100 } }
  // While the first is drawn, the others wait.
  const busy = await submit('octopus', { inputs: { numInferenceSteps: 20 } })
  const late = [await submit('rocket', long), await submit('red apple', long)]
  await watch(busy)
  for await (const { event } of queue.events((late[1] as Job).id)) if (event.type === 'loopStep') break
  for (const worker of workers) await worker.close()
  for (const job of late) expect(await queue.get(job.id)).toMatchObject({ status: 'queued', losses: 0 })
  expect(problems).toEqual([])
})

test('a job that waits for the others of a batch that fell apart is stopped at once', async () => {
  const host = await makeHost()
  const prompt = 'red apple, '.repeat(40)
  const ended: string[] = []
  const long = { inputs: { prompt, numInferenceSteps: 2 } }
  const gone = hostJob(long)
  const first = hostJob(long, type => type === 'loopStep' && gone.stop.abort('cancel'))
  const { computed, outcomes } = host.run([first, hostJob(long), gone])
  for (const [i, outcome] of outcomes.entries()) void outcome.then(({ is }) => ended.push(`${i} ${is}`))
  expect(await computed).toBeUndefined()
  await Promise.all(outcomes)
  expect(ended).toEqual(['2 stopped', '0 finished', '1 finished'])
})

test('a call for several jobs that returns no list leaves no tensor', async () => {
  const host = await makeHost()
  const before = tf.memory().numTensors
  const tensor = { inputs: { ...inputs, prompt: 'rocket', outputType: 'tensor' } }
  const { computed, outcomes } = host.run([hostJob(tensor), hostJob(tensor)])
  await computed
  await Promise.all(outcomes)
  expect(tf.memory().numTensors).toBe(before)
})

test('a call for several jobs that reports its failure where each can be drawn alone', async () => {
  const host = await makeHost()
  const jobs = [
    hostJob({ inputs: { ...inputs, prompt: 'rocket' } }),
    hostJob({ inputs: { ...inputs, prompt: ['car'] } }),
  ]
  const { computed, outcomes } = host.run(jobs)
  expect(await computed).toContain('prompt')
  for (const outcome of outcomes) expect(await outcome).toMatchObject({ is: 'finished' })
})

test('a pipeline whose limit is two pictures draws two jobs together', async () => {
  pipe.limits = { maxImages: 2 }
  try {
    const jobs = [await submit('rocket')]
    for (let i = 0; i < 5; i++) jobs.push(await submit('red apple', { seed: i }))
    start()
    expect(await callsUntil(jobs)).toBe(4)
    for (const job of jobs) expect(await queue.get(job.id)).toMatchObject({ status: 'finished', attempts: 1 })
    expect(problems).toEqual(['Jobs of "emoji" are drawn 2 at a time: the limit maxImages is 2'])
  } finally {
    pipe.limits = {}
  }
})

test('a pipeline whose limit is one picture draws each job alone', async () => {
  const host = await makeHost()
  try {
    setProcessLimits({ maxImages: 1 })
    expect(host.batchLimit('emoji')).toEqual({ most: 1, why: 'the limit maxImages is 1' })
  } finally {
    setProcessLimits({})
  }
})

test('a batch that nobody wants any more ends, also in native code that does not stop', async () => {
  const module = join(folder, 'hangs.cjs')
  await results.check()
  writeFileSync(module, HANGS)
  start({ pipelines: { emoji: { module } }, isolate: true, stopTimeout: 5000 })
  const [first, ...hanging] = [await submit('rocket'), await submit('red apple'), await submit('green car')]
  await watch(first as Job)
  for (const job of hanging)
    for await (const { event } of queue.events(job.id)) if (event.type === 'loopStep' && event['step'] === 3) break
  // The second one is told to stop when the process no longer computes for the first one.
  for (const job of hanging) {
    await queue.cancel(job.id)
    expect(typesOf(await watch(job)).at(-1)).toBe('cancelled')
  }
  const next = await submit('octopus')
  expect(typesOf(await watch(next)).at(-1)).toBe('finished')
  expect(problems).toEqual([])
})

test.each([{ maxMemory: '100GB' }, { timeout: 1e6 }])('%j is for the call of one job', async limits => {
  const host = await makeHost()
  const expected = `the limit ${Object.keys(limits)[0]} is for the call of one job`
  try {
    expect(host.batchLimit('emoji')).toEqual({ most: Number.POSITIVE_INFINITY, why: undefined })
    pipe.limits = limits
    expect(host.batchLimit('emoji')).toEqual({ most: 1, why: expected })
    pipe.limits = {}
    setProcessLimits(limits)
    expect(host.batchLimit('emoji')).toEqual({ most: 1, why: expected })
  } finally {
    pipe.limits = {}
    setProcessLimits({})
  }
})
