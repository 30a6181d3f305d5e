/** Takes jobs from a queue, runs them one by one, and says how they ended. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
// Tests replace the global timers.
import { clearInterval, setInterval } from 'node:timers'
import { setTimeout as sleep } from 'node:timers/promises'
import { ModularPipeline } from '../../src'
import { isPipelineName } from '../queue/new-job'
import type { JobQueue, Lease } from '../queue/queue'
import type { ResultStore } from '../results/result-store'
import { ChildRunner, type ChildRunnerOptions } from './child-runner'
import { JobFiles } from './job-files'
import { type HostOptions, PipelineHost } from './pipeline-host'
import type { PipelineSource, ServedPipeline } from './pipeline-source'
import type { CheckpointSettings, Runner, RunOutcome, StopReason } from './runner'
import { InvalidPipelineSourceError, InvalidWorkerOptionError } from './worker-errors'

/** Options of {@link createWorker}. */
export interface WorkerOptions extends HostOptions, ChildRunnerOptions {
  readonly queue: JobQueue
  readonly results: ResultStore
  /** What it can run, by the names that jobs call it by. Pipelines that are there already need `isolate: false`. */
  readonly pipelines: Readonly<Record<string, PipelineSource | ServedPipeline>>
  /** Whether jobs run in a process of their own, so that a crash of native code costs the progress of one job at most. Default: true. */
  readonly isolate?: boolean | undefined
  /** Names the worker. Default: the machine, the process and a random text. */
  readonly name?: string | undefined
  /** How often the state of a run is saved, from which another worker continues. Default: after a step, 5 s after the last. */
  readonly checkpoints?: Partial<CheckpointSettings> | undefined
  /** Called with failures that are retried: an unreachable queue or store, a crashed process. Default: a Node warning. */
  readonly onProblem?: ((problem: string, error?: unknown) => void) | undefined
}

/** How a worker is stopped. */
export interface CloseWorkerOptions {
  /** Lets the running job come to its end. Default: its state is saved, and it goes back to the queue. */
  readonly finish?: boolean | undefined
}

/** Milliseconds before a queue that was away is asked again. */
const PAUSE = 500

/**
 * Makes a worker, which begins at once.
 *
 * @throws InvalidPipelineSourceError for a pipeline without a source where jobs run in a process of their own; InvalidWorkerOptionError;
 * InvalidByteSizeError
 */
export function createWorker(options: WorkerOptions): Worker {
  const { pipelines, isolate = true, checkpoints = {} } = options
  requireNames(Object.keys(pipelines))
  const { steps = 1, interval = 5_000 } = checkpoints
  requireWhole('checkpoints.steps', steps, 1)
  requireWhole('checkpoints.interval', interval, 0)
  for (const name of ['maxJobs', 'maxMemory', 'stopTimeout'] as const) {
    if (options[name] !== undefined) requireWhole(name, options[name], 1)
  }
  const hostOptions = { memoryLimit: options.memoryLimit, executor: options.executor }
  const runner = isolate
    ? new ChildRunner(requireSources(pipelines), hostOptions, options)
    : new PipelineHost(pipelines, hostOptions)
  return new Worker(options, runner, { steps, interval })
}

/** A worker that runs until it is closed. Made by {@link createWorker}. */
export class Worker {
  readonly name: string
  private readonly stop = new AbortController()
  private readonly running: Promise<void>
  /** For states of runs on their way. */
  private folder: string | undefined
  private interrupt: ((reason: StopReason) => void) | undefined

  constructor(
    private readonly options: WorkerOptions,
    private readonly runner: Runner,
    private readonly checkpoints: CheckpointSettings,
  ) {
    this.name = options.name ?? `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`
    this.running = this.run()
  }

  /** Names of the pipelines whose models it holds. */
  get held(): readonly string[] {
    return this.runner.held
  }

  /** The process that runs its jobs; `undefined` while there is none. */
  get childPid(): number | undefined {
    return this.runner instanceof ChildRunner ? this.runner.pid : undefined
  }

  /** Takes no more jobs, ends or returns the one that runs, and releases the models. The queue and the store stay open. */
  async close({ finish = false }: CloseWorkerOptions = {}): Promise<void> {
    this.stop.abort()
    if (!finish) this.interrupt?.('give-back')
    await this.running
    await this.runner.close()
    if (this.folder !== undefined) await rm(this.folder, { recursive: true, force: true }).catch(() => undefined)
  }

  private async run(): Promise<void> {
    const { queue, pipelines } = this.options
    const { signal } = this.stop
    const asked = { worker: this.name, pipelines: Object.keys(pipelines), signal }
    while (!signal.aborted) {
      try {
        const lease = await queue.take({ ...asked, held: this.held })
        if (lease) await this.work(lease)
        // A queue that is closed has no more.
        else if (!signal.aborted) return
        await this.runner.rest()
      } catch (error) {
        this.report('The worker tries again', error)
        await sleep(PAUSE, undefined, { signal }).catch(() => undefined)
      }
    }
  }

  private async work(lease: Lease): Promise<void> {
    const { queue, results } = this.options
    const { job } = lease
    this.folder ??= await mkdtemp(join(tmpdir(), 'tesserae-worker-'))
    const files = new JobFiles(results, job.id, this.folder)
    const stopping = new AbortController()
    const over = new AbortController()
    const interrupt = (reason: StopReason) => stopping.abort(reason)
    this.interrupt = interrupt
    if (this.stop.signal.aborted) interrupt('give-back')
    const heartbeat = setInterval(() => void this.beat(lease, interrupt), queue.leaseDuration / 3)
    queue.interrupted(lease, over.signal).then(interrupt, () => undefined)
    let events: Promise<unknown> = Promise.resolve()
    try {
      // Only a job that somebody has begun can have a state.
      const stateFile = job.attempts > 1 ? await files.fetchState() : undefined
      const task = { job, stateFile, folder: files.folder, checkpoints: this.checkpoints }
      const outcome = await this.runner.run(task, {
        signal: stopping.signal,
        event: (event, progress) => {
          // Without holding up the run: what is lost with the queue is progress that nobody sees.
          const told = queue.publish(lease, event, progress).catch(() => undefined)
          events = events.then(() => told)
        },
        file: (key, bytes) => results.put(job.id, key, bytes),
        state: file => files.saveState(file, error => this.report('The state of a job was not saved', error)),
      })
      await events
      await files.saved()
      const isEnded = await this.conclude(lease, outcome, stopping.signal.reason as StopReason | undefined)
      if (isEnded) await files.removeState()
    } finally {
      over.abort()
      clearInterval(heartbeat)
      this.interrupt = undefined
      await files.close()
    }
  }

  private async beat(lease: Lease, interrupt: (reason: StopReason) => void): Promise<void> {
    try {
      const answer = await this.options.queue.heartbeat(lease)
      if (answer !== 'continue') interrupt(answer)
    } catch {
      // A queue that is away for longer than the lease gives the job to another, which the next heartbeat tells.
    }
  }

  /** Says how a run ended. @returns whether the job has ended, too */
  private async conclude(lease: Lease, outcome: RunOutcome, reason: StopReason | undefined): Promise<boolean> {
    const { queue } = this.options
    if (outcome.is === 'finished') return this.persist(() => queue.finish(lease, outcome.result))
    if (outcome.is === 'failed') return this.persist(() => queue.fail(lease, outcome.error))
    if (reason === 'lost') return false
    if (reason === 'cancel') return this.persist(() => queue.confirmCancel(lease))
    if (outcome.is === 'crashed' && reason === undefined) {
      this.report(`The process that ran the job ${lease.job.id} ended ${outcome.how}`)
      await this.persist(() => queue.giveBack(lease, 'worker-lost'))
    } else await this.persist(() => queue.giveBack(lease, 'given-back'))
    return false
  }

  /** Says something to the queue that must not be lost, also if it is away for a while: as long as the lease may last. */
  private async persist(say: () => Promise<boolean>): Promise<boolean> {
    const end = Date.now() + Math.max(this.options.queue.leaseDuration, 10_000)
    for (;;) {
      try {
        return await say()
      } catch (error) {
        if (Date.now() > end) throw error
        await sleep(PAUSE)
      }
    }
  }

  private report(problem: string, error?: unknown): void {
    const { onProblem } = this.options
    if (onProblem) onProblem(problem, error)
    else process.emitWarning(`${problem}.${error ? ` ${(error as Error).message}` : ''}`, { type: 'TesseraeWarning' })
  }
}

/** @throws InvalidWorkerOptionError */
function requireNames(names: readonly string[]): void {
  if (names.length === 0) throw new InvalidWorkerOptionError('pipelines', 'pass at least one pipeline.')
  for (const name of names) {
    if (isPipelineName(name)) continue
    const expected = `"${name}" cannot be a name. Use letters, digits, ".", "_" and "-", at most 64.`
    throw new InvalidWorkerOptionError('pipelines', expected)
  }
}

/** @throws InvalidPipelineSourceError */
function requireSources(pipelines: WorkerOptions['pipelines']): Record<string, PipelineSource> {
  for (const [name, source] of Object.entries(pipelines)) {
    if (!(source instanceof ModularPipeline)) continue
    const problem =
      'a pipeline object cannot be sent to another process. Pass { model } or { module }, or isolate: false.'
    throw new InvalidPipelineSourceError(`"${name}"`, problem)
  }
  return pipelines as Record<string, PipelineSource>
}

/** @throws InvalidWorkerOptionError */
function requireWhole(option: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return
  throw new InvalidWorkerOptionError(option, `it must be a whole number from ${least}.`)
}
