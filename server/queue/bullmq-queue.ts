/**
 * The queue on Redis or Valkey, for servers and workers on many machines. BullMQ does the queueing; beside it are the events of jobs, which workers are
 * alive, and what was cancelled.
 */
import { createHash, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { isEnded, type Job, type JobFailure, type JobProgress, type JobRequest } from '../jobs/job'
import { QueueClosedError, QueueFullError, QueueUnavailableError, TooManyJobsError } from '../jobs/job-errors'
import type { JobEvent, JobRunEvent, NumberedEvent } from '../jobs/job-event'
import type { JobResult } from '../jobs/job-result'
import { CANCELLED, jobOf, lossesOf, type OurBullJob } from './bullmq-job'
import { BullMQLines, type OurQueue, WAITING } from './bullmq-lines'
import { lostWorkerFailure } from './lost-worker'
import { newJob, pipelineOfId } from './new-job'
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
import { RedisConnection } from './redis-connection'
import { RedisEvents } from './redis-events'
import { RedisLimits, type ReservedJob } from './redis-limits'
import { loadRedisPackages, type RedisPackages } from './redis-packages'
import { RedisRecords } from './redis-records'

/** Options of a {@link BullMQQueue}. */
export interface BullMQQueueOptions extends QueueOptions {
  /** URL of Redis or Valkey, e.g. `redis://localhost:6379`, or `rediss://` for TLS. */
  readonly url: string
  /** Begins the names of all keys. Default: `tesserae`. */
  readonly prefix?: string | undefined
}

/** Milliseconds after which a worker that waits looks by itself. */
const LOOK_AFTER = 1_000

/** Codes by which BullMQ says that a job is gone, or another's: its key or lock is missing, it is not active, or the lock is of another. */
const LOST_CODES = new Set([-1, -2, -3, -6])

/** Jobs on Redis. Made by {@link BullMQQueue.open}. */
export class BullMQQueue implements JobQueue {
  readonly leaseDuration: number
  private readonly lines: BullMQLines
  private readonly log: RedisEvents
  private readonly records: RedisRecords
  private readonly limits: RedisLimits
  private readonly closing = new AbortController()
  /** Jobs that were taken here, by the token of their leases. */
  private readonly taken = new Map<string, OurBullJob>()

  private constructor(
    private readonly redis: RedisConnection,
    packages: RedisPackages,
    private readonly settings: QueueSettings,
  ) {
    this.leaseDuration = settings.leaseDuration
    this.lines = new BullMQLines(redis, packages, settings)
    this.log = new RedisEvents(redis, settings.retention)
    this.records = new RedisRecords(redis, settings.retention)
    this.limits = new RedisLimits(redis, 30 * settings.retention, async id => {
      const job = await this.get(id)
      return job && !isEnded(job)
    })
  }

  /** Connects. @throws QueueUnavailableError if BullMQ or ioredis is not installed, or no server answers; InvalidQueueOptionError */
  static async open({ url, prefix = 'tesserae', ...options }: BullMQQueueOptions): Promise<BullMQQueue> {
    const settings = queueSettings(options)
    const packages = loadRedisPackages()
    return new BullMQQueue(await RedisConnection.open(url, packages, prefix), packages, settings)
  }

  async submit(request: JobRequest, limits: QueueLimits = {}): Promise<SubmittedJob> {
    this.requireOpen()
    const job = newJob(request)
    const hasKey = request.idempotencyKey !== undefined
    const known = hasKey ? await this.get(job.id) : undefined
    if (known) return { job: known, isNew: false }
    const client = createHash('sha256').update(job.client).digest('hex')
    const line = await this.asked(() => this.lines.register(job.pipeline))
    const { id, priority } = job
    const reserved = { job, client, key: line.toKey(id) }
    await this.requireRoom(reserved, limits)
    const nonce = randomUUID()
    // Before the job can begin. Of several requests with one key, each tells it: a reader sees it twice at worst.
    const told = this.log.append(id, { type: 'queued' })
    // Both go through one connection, in this order, and the server waits for its disk once.
    told.catch(() => undefined)
    await this.asked(() => line.add('job', { job, nonce }, { jobId: id, priority, timestamp: job.createdAt }))
    await told.catch(() => undefined)
    // A place that stays counts no more than the job itself.
    this.limits.settle(reserved).catch(() => undefined)
    if (hasKey) {
      const kept = (await this.asked(() => line.getJob(id))) as OurBullJob | undefined
      if (kept && kept.data.nonce !== nonce) return { job: await this.withState(kept, line), isNew: false }
    }
    this.redis.wake('job', job.pipeline).catch(() => undefined)
    return { job, isNew: true }
  }

  async get(id: string): Promise<Job | undefined> {
    const line = await this.lineOf(id)
    const bull = line && ((await this.asked(() => line.getJob(id))) as OurBullJob | undefined)
    if (line && bull) return this.withState(bull, line)
    return line && this.records.cancelled(id)
  }

  async cancel(id: string): Promise<Job | undefined> {
    this.requireOpen()
    const line = await this.lineOf(id)
    const job = await this.get(id)
    if (line === undefined || job === undefined || isEnded(job)) return job
    await this.records.requestCancel(job)
    const isRemoved = await line.remove(id).catch(() => 0)
    if (isRemoved === 1) {
      await this.records.countCancelled(id)
      await this.log.append(id, { type: 'cancelled' })
    } else await this.redis.wake('cancel', id).catch(() => undefined)
    return this.get(id)
  }

  async *events(id: string, options: EventsOptions = {}): AsyncGenerator<NumberedEvent, void, void> {
    if ((await this.lineOf(id)) === undefined) return
    yield* this.log.read(
      id,
      options,
      () => this.closing.signal.aborted,
      () => this.get(id),
    )
  }

  async take(options: TakeOptions): Promise<Lease | undefined> {
    const signal = AbortSignal.any([this.closing.signal, ...(options.signal ? [options.signal] : [])])
    while (!signal.aborted) {
      const woken = this.redis.next('job', undefined, LOOK_AFTER, signal)
      await this.records.noteWorker(options)
      const token = randomUUID()
      const bull = await this.asked(() => this.lines.take(options, token))
      const lease = bull && (await this.begin(bull, token))
      if (lease && signal.aborted) await this.giveBack(lease, 'given-back')
      else if (lease) return lease
      if (bull === undefined) await woken
    }
    this.records.forgetWorker(options.worker)
    return undefined
  }

  /** Takes the jobs that come next, up to the first that does not fit. */
  async takeAlong({ job }: Lease, { most, fits }: TakeAlongOptions): Promise<readonly Lease[]> {
    const leases: Lease[] = []
    const isAlike = (other: Job) => other.priority === job.priority && fits(other)
    try {
      while (leases.length < most && !this.closing.signal.aborted) {
        const next = await this.asked(() => this.lines.head(job.pipeline))
        if (next === undefined || !isAlike(jobOf(next))) break
        const token = randomUUID()
        const bull = await this.asked(() => this.lines.takeFrom(job.pipeline, token))
        const lease = bull && (await this.begin(bull, token))
        if (lease && isAlike(lease.job)) leases.push(lease)
        // Another worker was faster, and this is the one behind it.
        else if (lease) await this.giveBack(lease, 'given-back')
        if (lease === undefined || lease !== leases.at(-1)) break
      }
    } catch {
      // The next question to Redis tells what is wrong.
    }
    return leases
  }

  async heartbeat(lease: Lease): Promise<HeartbeatAnswer> {
    const bull = this.taken.get(lease.token)
    if (bull === undefined) return 'lost'
    const isExtended = await this.ours(lease, () => bull.extendLock(lease.token, this.leaseDuration))
    if (isExtended !== 1) {
      this.taken.delete(lease.token)
      return 'lost'
    }
    await this.records.noteAgain()
    return (await this.records.isCancelRequested(lease.job.id)) ? 'cancel' : 'continue'
  }

  async interrupted(lease: Lease, signal: AbortSignal): Promise<'cancel' | 'lost'> {
    const { id } = lease.job
    while (!signal.aborted) {
      const told = this.redis.next('cancel', id, this.leaseDuration / 2, signal)
      if (!this.taken.has(lease.token)) return 'lost'
      try {
        if (await this.records.isCancelRequested(id)) return 'cancel'
        if (!(await this.isHolder(lease))) {
          this.taken.delete(lease.token)
          return 'lost'
        }
      } catch {
        // The next look tells.
        await sleep(LOOK_AFTER)
      }
      await told
    }
    return new Promise(() => undefined)
  }

  async publish(lease: Lease, event: JobRunEvent, progress?: JobProgress): Promise<void> {
    const bull = this.taken.get(lease.token)
    if (bull === undefined) return
    // The events go out in the order of the calls, whichever of them somebody waits for.
    const told = this.log.append(lease.job.id, event)
    if (progress) await Promise.all([told, this.ours(lease, () => bull.updateProgress({ ...progress }))])
    await told
  }

  async finish(lease: Lease, result: JobResult): Promise<boolean> {
    const isOurs = await this.end(lease, bull => bull.moveToCompleted(result, lease.token, false))
    // What was done before it could be cancelled is done.
    if (isOurs) this.records.withdrawCancel(lease.job.id).catch(() => undefined)
    return isOurs && this.tell(lease, { type: 'finished', result })
  }

  async fail(lease: Lease, error: JobFailure): Promise<boolean> {
    const isOurs = await this.end(lease, bull => bull.moveToFailed(failureError(error), lease.token, false))
    if (isOurs) this.records.withdrawCancel(lease.job.id).catch(() => undefined)
    return isOurs && this.tell(lease, { type: 'failed', error })
  }

  async confirmCancel(lease: Lease): Promise<boolean> {
    const isOurs = await this.end(lease, bull => {
      // What is remembered of it is its record.
      bull.opts.removeOnFail = true
      return bull.moveToFailed(failureError(CANCELLED), lease.token, false)
    })
    if (isOurs) await this.records.countCancelled(lease.job.id).catch(() => undefined)
    return isOurs && this.tell(lease, { type: 'cancelled' })
  }

  async giveBack(lease: Lease, reason: 'given-back' | 'worker-lost'): Promise<boolean> {
    const bull = this.taken.get(lease.token)
    if (bull === undefined) return false
    if (await this.records.isCancelRequested(lease.job.id)) return this.confirmCancel(lease)
    const losses = lossesOf(bull) + (reason === 'worker-lost' ? 1 : 0)
    if (reason === 'worker-lost' && losses >= this.settings.maxLosses)
      return this.fail(lease, lostWorkerFailure(losses))
    const told = { givenBack: bull.attemptsStarted, losses: losses - (bull.stalledCounter ?? 0) }
    const isOurs = await this.end(lease, async () => {
      if (!(await this.isHolder(lease))) throw Object.assign(new Error('the lease has ended'), { code: -2 })
      await bull.updateData({ ...bull.data, ...told })
      await bull.moveToWait(lease.token)
    })
    if (isOurs) await this.redis.wake('job', lease.job.pipeline).catch(() => undefined)
    return isOurs && this.tell(lease, { type: 'requeued', reason })
  }

  async counts(): Promise<JobCounts> {
    const lines = await this.lines.all()
    const each = await Promise.all(
      lines.map(line => this.asked(() => line.getJobCounts(...WAITING, 'active', 'completed', 'failed'))),
    )
    const sum = (name: string) => each.reduce((total, counts) => total + (counts[name] ?? 0), 0)
    return {
      queued: sum('waiting') + sum('prioritized'),
      running: sum('active'),
      finished: sum('completed'),
      failed: sum('failed'),
      cancelled: await this.records.cancelledCount(),
    }
  }

  workers(): Promise<readonly WorkerInfo[]> {
    return this.records.workers()
  }

  async close(): Promise<void> {
    if (this.closing.signal.aborted) return
    this.closing.abort()
    await this.lines.close()
    this.redis.close()
  }

  /** A job was taken: lends it, unless it was to end. */
  private async begin(bull: OurBullJob, token: string): Promise<Lease | undefined> {
    const losses = lossesOf(bull)
    const attempt = bull.attemptsStarted
    const lease: Lease = { job: { ...jobOf(bull), status: 'running' }, token }
    this.taken.set(token, bull)
    if (await this.records.isCancelRequested(lease.job.id)) {
      await this.confirmCancel(lease)
      return undefined
    }
    // Its last worker has not given it back.
    const wasLost = attempt > 1 && bull.data.givenBack !== attempt - 1
    if (wasLost) await this.log.append(lease.job.id, { type: 'requeued', reason: 'worker-lost' })
    if (losses >= this.settings.maxLosses) {
      await this.fail(lease, lostWorkerFailure(losses))
      return undefined
    }
    // It reaches the server before anything that the worker says.
    this.log.append(lease.job.id, { type: 'started', attempt }).catch(() => undefined)
    return lease
  }

  private async end(lease: Lease, move: (bull: OurBullJob) => Promise<unknown>): Promise<boolean> {
    const bull = this.taken.get(lease.token)
    if (bull === undefined) return false
    const moved = await this.ours(lease, async () => {
      await move(bull)
      return true
    })
    this.taken.delete(lease.token)
    return moved === true
  }

  /** The last word on a job. A reader finds it out by itself if it cannot be written. */
  private async tell(lease: Lease, event: JobEvent): Promise<true> {
    await this.log.append(lease.job.id, event).catch(() => undefined)
    return true
  }

  /** Does something to a job that is ours; `undefined` if it is no longer. @throws QueueUnavailableError */
  private async ours<T>({ token }: Lease, action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await this.asked(action)
    } catch (error) {
      const { code } = ((error as QueueUnavailableError).cause ?? {}) as { code?: unknown }
      if (!LOST_CODES.has(code as number)) throw error
      this.taken.delete(token)
      return undefined
    }
  }

  /** @throws QueueUnavailableError in place of what BullMQ throws */
  private async asked<T>(action: () => Promise<T>): Promise<T> {
    return this.redis.ask(action)
  }

  private async isHolder({ job, token }: Lease): Promise<boolean> {
    const key = `${this.lines.queue(job.pipeline).toKey(job.id)}:lock`
    return (await this.redis.ask(client => client.get(key))) === token
  }

  private async withState(bull: OurBullJob, line: OurQueue): Promise<Job> {
    const job = jobOf(bull)
    if (isEnded(job)) return job
    const state = await this.asked(() => line.getJobState(job.id))
    return state === 'active' ? { ...job, status: 'running' } : job
  }

  private lineOf(id: string): Promise<OurQueue | undefined> {
    return this.lines.knownQueue(pipelineOfId(id))
  }

  /** @throws QueueFullError, TooManyJobsError */
  private async requireRoom(reserved: ReservedJob, limits: QueueLimits): Promise<void> {
    const reservation = await this.limits.reserve(reserved, limits)
    if (reservation === 'full') throw new QueueFullError(limits.maxQueued as number)
    if (reservation === 'too-many') throw new TooManyJobsError(limits.maxJobsPerClient as number)
  }

  private requireOpen(): void {
    if (this.closing.signal.aborted) throw new QueueClosedError()
  }
}

/** BullMQ keeps the text of an error. Its stack is nobody's business. */
function failureError(failure: JobFailure): Error {
  const error = new Error(JSON.stringify(failure))
  error.stack = ''
  return error
}
