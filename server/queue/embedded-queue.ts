/** The queue in this process, by default in memory alone, with a file for jobs that must outlive a restart. */
import { randomUUID } from 'node:crypto'
// Tests replace the global timers.
import { clearInterval, setInterval } from 'node:timers'
import { isEnded, type Job, type JobFailure, type JobProgress, type JobRequest } from '../jobs/job'
import { QueueClosedError, QueueFullError, TooManyJobsError } from '../jobs/job-errors'
import type { JobLifeEvent, JobRunEvent, NumberedEvent } from '../jobs/job-event'
import type { JobResult } from '../jobs/job-result'
import { type JobJournal, noJournal } from './job-journal'
import { finalEventOf, JobLog } from './job-log'
import { lostWorkerFailure } from './lost-worker'
import { newJob } from './new-job'
import type {
  EventsOptions,
  HeartbeatAnswer,
  JobCounts,
  JobQueue,
  Lease,
  QueueLimits,
  SubmittedJob,
  TakeAlongOptions,
  TakeOptions,
  WorkerInfo,
} from './queue'
import { type QueueOptions, type QueueSettings, queueSettings } from './queue-options'
import { SqliteJournal } from './sqlite-journal'
import { WaitingLine } from './waiting-line'
import { WorkerRegistry } from './worker-registry'

/** Options of an {@link EmbeddedQueue}. */
export interface EmbeddedQueueOptions extends QueueOptions {
  /** SQLite file that keeps the jobs; it is made if it is missing. Default: none, so that jobs end with the process. */
  readonly file?: string | undefined
  /** Called for ended jobs that are no longer remembered, so that their files can be deleted. */
  readonly onRemoved?: ((ids: readonly string[]) => void) | undefined
}

/** Who holds a job that runs. */
interface Holder {
  readonly token: string
  readonly worker: string
  expires: number
}

/** A job, and what belongs to it. */
interface Entry {
  job: Job
  readonly order: number
  readonly log: JobLog
  holder: Holder | undefined
  isCancelRequested: boolean
  readonly onInterrupt: Set<() => void>
}

/** A worker that waits for a job. */
interface Taker {
  readonly options: TakeOptions
  readonly resolve: (lease: Lease | undefined) => void
}

/** One process's queue. */
export class EmbeddedQueue implements JobQueue {
  readonly leaseDuration: number
  private readonly settings: QueueSettings
  private readonly journal: JobJournal
  private readonly onRemoved: ((ids: readonly string[]) => void) | undefined
  private readonly epoch = randomUUID().slice(0, 8)
  private readonly entries = new Map<string, Entry>()
  private readonly line = new WaitingLine()
  private readonly takers = new Set<Taker>()
  private readonly registry = new WorkerRegistry()
  /** Ended jobs, the first to go first. */
  private readonly ended = new Set<string>()
  private readonly watch: NodeJS.Timeout
  private orders = 0
  private isClosed = false
  private lastLook = Date.now()

  /** @throws QueueUnavailableError for a file that cannot be opened; InvalidQueueOptionError for a setting that is none */
  constructor({ file, onRemoved, ...options }: EmbeddedQueueOptions = {}) {
    this.settings = queueSettings(options)
    this.leaseDuration = this.settings.leaseDuration
    this.onRemoved = onRemoved
    this.journal = file === undefined ? noJournal : new SqliteJournal(file)
    for (const { job, order } of this.journal.load()) this.recover(job, order)
    this.watch = setInterval(() => this.look(), Math.ceil(this.leaseDuration / 4))
    this.watch.unref()
  }

  async submit(request: JobRequest, { maxQueued, maxJobsPerClient }: QueueLimits = {}): Promise<SubmittedJob> {
    this.requireOpen()
    const job = newJob(request)
    const known = this.entries.get(job.id)
    if (known) return { job: known.job, isNew: false }
    if (maxQueued !== undefined && this.line.length >= maxQueued) throw new QueueFullError(maxQueued)
    if (maxJobsPerClient !== undefined && this.jobsOf(job.client) >= maxJobsPerClient) {
      throw new TooManyJobsError(maxJobsPerClient)
    }
    const order = this.orders++
    this.journal.save({ job, order }, true)
    const entry = this.remember(job, order)
    entry.log.append({ type: 'queued' })
    this.wait(entry)
    return { job: entry.job, isNew: true }
  }

  async get(id: string): Promise<Job | undefined> {
    return this.entries.get(id)?.job
  }

  async cancel(id: string): Promise<Job | undefined> {
    this.requireOpen()
    const entry = this.entries.get(id)
    if (entry === undefined || isEnded(entry.job)) return entry?.job
    if (entry.holder === undefined) {
      this.line.remove(id)
      this.end(entry, { status: 'cancelled' })
    } else {
      entry.isCancelRequested = true
      this.interrupt(entry)
    }
    return entry.job
  }

  async *events(id: string, { after, signal }: EventsOptions = {}): AsyncGenerator<NumberedEvent, void, void> {
    const log = this.entries.get(id)?.log
    if (log) yield* log.read(after, signal)
  }

  take(options: TakeOptions): Promise<Lease | undefined> {
    this.registry.note(options)
    if (this.isClosed || options.signal?.aborted) return Promise.resolve(undefined)
    const job = this.line.take(options.pipelines, options.held ?? [])
    if (job) return Promise.resolve(this.lend(job, options.worker))
    return new Promise(resolve => {
      const taker: Taker = {
        options,
        resolve: lease => {
          this.takers.delete(taker)
          options.signal?.removeEventListener('abort', stop)
          resolve(lease)
        },
      }
      const stop = () => taker.resolve(undefined)
      options.signal?.addEventListener('abort', stop)
      this.takers.add(taker)
    })
  }

  async takeAlong({ job }: Lease, { worker, most, fits }: TakeAlongOptions): Promise<readonly Lease[]> {
    const taken = this.isClosed ? [] : this.line.takeFitting(job, most, fits)
    const leases: Lease[] = []
    try {
      for (const next of taken) leases.push(this.lend(next.job, worker))
    } finally {
      // Those behind one that cannot be kept wait on.
      for (const { job: left, order } of taken.slice(leases.length + 1)) this.line.add(left, order)
    }
    return leases
  }

  async heartbeat(lease: Lease): Promise<HeartbeatAnswer> {
    const entry = this.heldBy(lease)
    if (entry?.holder === undefined) return 'lost'
    this.registry.touch(entry.holder.worker)
    entry.holder.expires = Date.now() + this.leaseDuration
    return entry.isCancelRequested ? 'cancel' : 'continue'
  }

  interrupted(lease: Lease, signal: AbortSignal): Promise<'cancel' | 'lost'> {
    return new Promise(resolve => {
      const entry = this.entries.get(lease.job.id)
      const look = () => {
        const isLost = this.heldBy(lease) === undefined
        if (!isLost && !entry?.isCancelRequested) return
        stop()
        resolve(isLost ? 'lost' : 'cancel')
      }
      const stop = () => {
        entry?.onInterrupt.delete(look)
        signal.removeEventListener('abort', stop)
      }
      if (signal.aborted) return
      signal.addEventListener('abort', stop)
      entry?.onInterrupt.add(look)
      look()
    })
  }

  async publish(lease: Lease, event: JobRunEvent, progress?: JobProgress): Promise<void> {
    const entry = this.heldBy(lease)
    if (entry === undefined) return
    if (progress) entry.job = { ...entry.job, progress }
    entry.log.append(event)
  }

  async finish(lease: Lease, result: JobResult): Promise<boolean> {
    return this.endHeld(lease, { status: 'finished', result })
  }

  async fail(lease: Lease, error: JobFailure): Promise<boolean> {
    return this.endHeld(lease, { status: 'failed', error })
  }

  async confirmCancel(lease: Lease): Promise<boolean> {
    return this.endHeld(lease, { status: 'cancelled' })
  }

  async giveBack(lease: Lease, reason: 'given-back' | 'worker-lost'): Promise<boolean> {
    const entry = this.heldBy(lease)
    if (entry === undefined) return false
    this.release(entry, reason)
    return true
  }

  async counts(): Promise<JobCounts> {
    const counts = { queued: 0, running: 0, finished: 0, failed: 0, cancelled: 0 }
    for (const { job } of this.entries.values()) counts[job.status]++
    return counts
  }

  async workers(): Promise<readonly WorkerInfo[]> {
    return this.registry.list(new Set([...this.takers].map(({ options }) => options.worker)))
  }

  async close(): Promise<void> {
    if (this.isClosed) return
    this.isClosed = true
    clearInterval(this.watch)
    for (const taker of [...this.takers]) taker.resolve(undefined)
    for (const entry of this.entries.values()) {
      entry.holder = undefined
      this.interrupt(entry)
      entry.log.close()
    }
    this.journal.close()
  }

  /** A job of the process before this one. */
  private recover(job: Job, order: number): void {
    this.orders = Math.max(this.orders, order + 1)
    const entry = this.remember(job, order)
    const last = finalEventOf(job)
    if (last) {
      entry.log.append(last)
      this.ended.add(job.id)
      return
    }
    entry.log.append({ type: 'queued' })
    if (job.status === 'running') this.release(entry, 'worker-lost')
    else this.wait(entry)
  }

  private remember(job: Job, order: number): Entry {
    const log = new JobLog(this.epoch)
    const entry = { job, order, log, holder: undefined, isCancelRequested: false, onInterrupt: new Set<() => void>() }
    this.entries.set(job.id, entry)
    return entry
  }

  /** Puts a job into the line, or gives it to a worker that waits: to one that holds its models, if there is one. */
  private wait({ job, order }: Entry): void {
    this.line.add(job, order)
    const fitting = [...this.takers].filter(({ options }) => options.pipelines.includes(job.pipeline))
    const taker = fitting.find(({ options }) => options.held?.includes(job.pipeline)) ?? fitting[0]
    if (taker === undefined) return
    const { pipelines, held = [], worker } = taker.options
    const next = this.line.take(pipelines, held)
    if (next) taker.resolve(this.lend(next, worker))
  }

  private lend(job: Job, worker: string): Lease {
    const entry = this.entries.get(job.id) as Entry // It waited in the line.
    const attempts = job.attempts + 1
    const token = randomUUID()
    entry.holder = { token, worker, expires: Date.now() + this.leaseDuration }
    this.update(entry, { ...job, status: 'running', startedAt: Date.now(), attempts })
    entry.log.append({ type: 'started', attempt: attempts } satisfies JobLifeEvent)
    return { job: entry.job, token }
  }

  /** Takes a job from its worker: it waits again, unless it was to end. */
  private release(entry: Entry, reason: 'given-back' | 'worker-lost'): void {
    if (entry.isCancelRequested) {
      this.end(entry, { status: 'cancelled' })
      return
    }
    const losses = entry.job.losses + (reason === 'worker-lost' ? 1 : 0)
    const job: Job = { ...entry.job, losses }
    if (losses >= this.settings.maxLosses && reason === 'worker-lost') {
      this.end(entry, { losses, status: 'failed', error: lostWorkerFailure(losses) })
      return
    }
    entry.holder = undefined
    this.update(entry, { ...job, status: 'queued' })
    entry.log.append({ type: 'requeued', reason } satisfies JobLifeEvent)
    this.interrupt(entry)
    this.wait(entry)
  }

  private endHeld(lease: Lease, change: Partial<Job>): boolean {
    const entry = this.heldBy(lease)
    if (entry) this.end(entry, change)
    return entry !== undefined
  }

  private end(entry: Entry, change: Partial<Job>): void {
    this.update(entry, { ...entry.job, ...change, endedAt: Date.now() })
    entry.holder = undefined
    this.ended.add(entry.job.id)
    entry.log.append(finalEventOf(entry.job) as JobLifeEvent) // It has ended.
    this.interrupt(entry)
  }

  private update(entry: Entry, job: Job): void {
    // A job whose beginning a loss of power has undone just begins again.
    this.journal.save({ job, order: entry.order }, job.status !== 'running')
    entry.job = job
  }

  private interrupt({ onInterrupt }: Entry): void {
    for (const look of [...onInterrupt]) look()
  }

  private heldBy({ job, token }: Lease): Entry | undefined {
    const entry = this.entries.get(job.id)
    return entry?.holder?.token === token ? entry : undefined
  }

  private jobsOf(client: string): number {
    let count = 0
    for (const { job } of this.entries.values()) if (job.client === client && !isEnded(job)) count++
    return count
  }

  /** Looks for workers that were lost, and jobs to forget. */
  private look(): void {
    const now = Date.now()
    // While this process stood still, nobody could send a heartbeat.
    const stoodStill = now - this.lastLook > this.leaseDuration / 2
    this.lastLook = now
    for (const entry of this.entries.values()) {
      if (entry.holder && stoodStill) entry.holder.expires = now + this.leaseDuration
      if (entry.holder && entry.holder.expires < now) this.release(entry, 'worker-lost')
    }
    this.forget(now)
  }

  private forget(now: number): void {
    const { retention, maxEnded } = this.settings
    const removed: string[] = []
    for (const id of this.ended) {
      const isOld = now - (this.entries.get(id)?.job.endedAt ?? 0) > retention
      if (!isOld && this.ended.size <= maxEnded) break
      this.ended.delete(id)
      this.entries.delete(id)
      removed.push(id)
    }
    if (removed.length === 0) return
    this.journal.remove(removed)
    this.onRemoved?.(removed)
  }

  private requireOpen(): void {
    if (this.isClosed) throw new QueueClosedError()
  }
}
