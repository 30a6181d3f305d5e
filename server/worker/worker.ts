/** Takes jobs from a queue, and has a runner compute them: one by one, or those that are alike together. */
import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { ModularPipeline } from '../../src'
import { emitWarning } from '../../src/errors/emit-warning'
import { makeTemporaryFolder } from '../../src/files/temporary-folder'
import { isPipelineName } from '../queue/new-job'
import type { JobQueue, Lease } from '../queue/queue'
import type { ResultStore } from '../results/result-store'
import { batchKey } from './batch-key'
import { ChildRunner, type ChildRunnerOptions } from './child-runner'
import { HeldJob, PAUSE } from './held-job'
import { type HostOptions, PipelineHost } from './pipeline-host'
import type { PipelineSource, ServedPipeline } from './pipeline-source'
import type { BegunJobs, CheckpointSettings, Runner, RunOutcome } from './runner'
import { InvalidPipelineSourceError, InvalidWorkerOptionError } from './worker-errors'

/** Options of {@link createWorker}. */
export interface WorkerOptions extends HostOptions, ChildRunnerOptions {
  /** Where jobs come from. */
  readonly queue: JobQueue
  /** Where pictures go. */
  readonly results: ResultStore
  /** What it can run, by the names that jobs call it by. Pipelines that are there already need `isolate: false`. */
  readonly pipelines: Readonly<Record<string, PipelineSource | ServedPipeline>>
  /** Whether jobs run in a process of their own, so that a crash of native code costs the progress of one job at most. Default: true. */
  readonly isolate?: boolean | undefined
  /**
   * How many waiting jobs are drawn together if they differ in their texts and seeds alone: in one call of the pipeline, each with its own random numbers. Such jobs
   * begin again if their worker is lost. Default: 1, each alone.
   */
  readonly batch?: number | undefined
  /** Names the worker. Default: the machine, the process and a random text. */
  readonly name?: string | undefined
  /** How often the state of a run is saved, from which another worker continues. Default: after a step, 5 s after the last. */
  readonly checkpoints?: Partial<CheckpointSettings> | undefined
  /**
   * Called with failures that are retried, such as an unreachable queue or a crashed process, and with failed jobs for which no request is to blame.
   * Default: a Node warning.
   */
  readonly onProblem?: ((problem: string, error?: unknown) => void) | undefined
}

/** How a worker is stopped. */
export interface CloseWorkerOptions {
  /** Lets the running job come to its end. Default: its state is saved, and it goes back to the queue. */
  readonly finish?: boolean | undefined
}

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
  for (const name of ['batch', 'maxJobs', 'maxMemory', 'stopTimeout'] as const) {
    if (options[name] !== undefined) requireWhole(name, options[name], 1)
  }
  refuseUnused(options, isolate)
  const { memoryLimit, executor, loraDir } = options
  const hostOptions = { memoryLimit, executor, loraDir }
  const runner = isolate
    ? new ChildRunner(requireSources(pipelines), hostOptions, options)
    : new PipelineHost(pipelines, hostOptions)
  return new Worker(options, runner, { steps, interval })
}

/** Refuses options that would change nothing. @throws InvalidWorkerOptionError */
function refuseUnused(options: WorkerOptions, isolate: boolean): void {
  for (const name of ['maxJobs', 'maxMemory', 'stopTimeout'] as const) {
    if (isolate || options[name] === undefined) continue
    throw new InvalidWorkerOptionError(
      name,
      'it is for a process that runs the jobs. Leave out isolate: false, or this option.',
    )
  }
  if (options.maxMemory !== undefined && process.platform !== 'linux') {
    throw new InvalidWorkerOptionError('maxMemory', 'only Linux tells the memory of processes. Pass maxJobs instead.')
  }
  const areOpen = Object.values(options.pipelines).every(pipe => pipe instanceof ModularPipeline)
  for (const name of ['memoryLimit', 'executor'] as const) {
    if (!areOpen || options[name] === undefined) continue
    throw new InvalidWorkerOptionError(
      name,
      'it is for pipelines that the worker opens. Set it where these are loaded.',
    )
  }
}

/** A worker that runs until it is closed. Made by {@link createWorker}. */
export class Worker {
  /** Name of the worker. */
  readonly name: string
  private readonly stop = new AbortController()
  private readonly running: Promise<void>
  /** For states of runs on their way. */
  private folder: string | undefined
  /** Jobs that are computed, or stored. */
  private readonly jobs = new Set<HeldJob>()
  /** Jobs that are computed and not yet ended: their pictures are stored while the next ones are computed. */
  private ending: Promise<unknown> = Promise.resolve()
  /** What was reported of pipelines, once of each. */
  private readonly reported = new Set<string>()

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

  /** Takes no more jobs, ends or returns those that run, and releases the models. The queue and the store stay open. */
  async close({ finish = false }: CloseWorkerOptions = {}): Promise<void> {
    this.stop.abort()
    if (!finish) for (const job of this.jobs) job.interrupt('give-back')
    await this.running
    await this.ending
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
        if (lease) await this.work([lease, ...(await this.takeAlong(lease))])
        // A queue that is closed has no more.
        else if (!signal.aborted) return
        await this.runner.rest()
      } catch (error) {
        this.report('The worker tries again', error)
        await sleep(PAUSE, undefined, { signal }).catch(() => undefined)
      }
    }
  }

  /** Takes jobs that can be computed together with one that was taken. */
  private async takeAlong(lease: Lease): Promise<readonly Lease[]> {
    const { queue, batch = 1 } = this.options
    const { pipeline } = lease.job
    const key = batch > 1 ? batchKey(lease.job) : undefined
    // The first job of a pipeline loads it.
    if (key === undefined || !this.held.includes(pipeline)) return []
    const { most, why } = this.runner.batchLimit(pipeline)
    const how = most > 1 ? `${most} at a time` : 'one by one'
    if (most < batch) this.reportOnce(`Jobs of "${pipeline}" are drawn ${how}: ${why}`)
    const others = Math.min(most, batch) - 1
    if (others === 0) return []
    return queue.takeAlong(lease, { worker: this.name, most: others, fits: job => batchKey(job) === key })
  }

  /** Computes jobs. What they made is stored while the next ones are computed. */
  private async work(leases: readonly Lease[]): Promise<void> {
    const { queue, results } = this.options
    this.folder ??= await makeTemporaryFolder('worker')
    const report = (problem: string, error?: unknown) => this.report(problem, error)
    const shared = { queue, results, folder: this.folder, checkpoints: this.checkpoints, report }
    const jobs = leases.map(lease => new HeldJob(lease, shared))
    for (const job of jobs) {
      this.jobs.add(job)
      if (this.stop.signal.aborted) job.interrupt('give-back')
    }
    let begun: BegunJobs
    try {
      begun = this.runner.run(await Promise.all(jobs.map(job => job.begin())))
    } catch (error) {
      // Their leases end by themselves.
      for (const job of jobs) await this.forget(job, job.release())
      throw error
    }
    const { computed, outcomes } = begun
    const ended = Promise.all(jobs.map((job, i) => this.forget(job, job.end(outcomes[i] as Promise<RunOutcome>))))
    const problem = await computed
    if (problem !== undefined) {
      const { pipeline } = (leases[0] as Lease).job
      this.reportOnce(`Jobs of "${pipeline}" were drawn one by one, as the call for all of them failed`, problem)
    }
    // Of what is computed, no more than the jobs before are still to be stored.
    await this.ending
    this.ending = ended
  }

  /** Reports something that is true of all further jobs as well. */
  private reportOnce(fact: string, detail?: string): void {
    if (!this.reported.has(fact)) this.report(detail === undefined ? fact : `${fact}: ${detail}`)
    this.reported.add(fact)
  }

  /** Forgets a job when its end is in the queue. */
  private async forget(job: HeldJob, ended: Promise<void>): Promise<void> {
    try {
      await ended
    } catch (error) {
      this.report('The end of a job could not be reported', error)
    } finally {
      this.jobs.delete(job)
    }
  }

  private report(problem: string, error?: unknown): void {
    const { onProblem } = this.options
    if (onProblem) onProblem(problem, error)
    else emitWarning('WORKER_PROBLEM', `${problem}.${error ? ` ${(error as Error).message}` : ''}`)
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
