/** BullMQ's queues and workers: one of each for a pipeline, so that a worker can choose by the models that it holds. */
import type { Queue, Worker } from 'bullmq'
import type { JobData, OurBullJob } from './bullmq-job'
import { isPipelineName } from './new-job'
import type { TakeOptions } from './queue'
import type { QueueSettings } from './queue-options'
import type { RedisConnection } from './redis-connection'
import type { RedisPackages } from './redis-packages'
import { PATIENCE } from './waiting-line'

/** States of BullMQ in which a job waits. */
export const WAITING = ['waiting', 'prioritized'] as const

/** A queue of BullMQ that is ours. */
export type OurQueue = Queue<JobData>

/** Never reached: who takes a job that was lost too often fails it. */
const MOST_STALLS = 1_000_000

/** Makes queues and workers when they are needed. */
export class BullMQLines {
  private readonly queues = new Map<string, OurQueue>()
  private readonly workers = new Map<string, Promise<Worker>>()
  /** Pipelines that a job was submitted for. */
  private readonly known = new Set<string>()

  constructor(
    private readonly redis: RedisConnection,
    private readonly packages: RedisPackages,
    private readonly settings: QueueSettings,
  ) {}

  /** The queue of a pipeline. */
  queue(pipeline: string): OurQueue {
    const made = this.queues.get(pipeline)
    if (made) return made
    const { bullmq } = this.packages
    const { retention, maxEnded } = this.settings
    const kept = { age: Math.ceil(retention / 1000), count: maxEnded }
    const queue: OurQueue = new bullmq.Queue<JobData>(pipeline, {
      connection: this.redis.client,
      prefix: this.redis.prefix,
      skipVersionCheck: true,
      defaultJobOptions: { removeOnComplete: kept, removeOnFail: kept, stackTraceLimit: 0 },
    }) as OurQueue // Its other type parameters follow from the data.
    queue.on('error', () => undefined)
    this.queues.set(pipeline, queue)
    return queue
  }

  /** The queue of a pipeline that jobs were submitted for; a name that somebody made up has none. */
  async knownQueue(pipeline: string | undefined): Promise<OurQueue | undefined> {
    if (pipeline === undefined || !isPipelineName(pipeline)) return undefined
    if (!this.known.has(pipeline)) {
      const isKnown = await this.redis.ask(client => client.sismember(this.redis.key('pipelines'), pipeline))
      if (isKnown !== 1) return undefined
      this.known.add(pipeline)
    }
    return this.queue(pipeline)
  }

  /** Remembers, for all processes, that a pipeline has a queue. */
  async register(pipeline: string): Promise<OurQueue> {
    if (!this.known.has(pipeline)) {
      await this.redis.ask(client => client.sadd(this.redis.key('pipelines'), pipeline))
      this.known.add(pipeline)
    }
    return this.queue(pipeline)
  }

  /** The queues of all pipelines. */
  async all(): Promise<OurQueue[]> {
    const names = await this.redis.ask(client => client.smembers(this.redis.key('pipelines')))
    return names.filter(isPipelineName).map(name => this.queue(name))
  }

  /** Takes the next job of one of the pipelines; `undefined` if none waits. */
  async take({ pipelines, held = [] }: TakeOptions, token: string): Promise<OurBullJob | undefined> {
    for (const pipeline of await this.inOrder(pipelines, held)) {
      const job = await this.takeFrom(pipeline, token)
      if (job) return job
    }
    return undefined
  }

  /** Takes the next job of a pipeline; `undefined` if none waits. */
  async takeFrom(pipeline: string, token: string): Promise<OurBullJob | undefined> {
    const worker = await this.worker(pipeline)
    return (await worker.getNextJob(token, { block: false })) as OurBullJob | undefined
  }

  /** The job of a pipeline that comes next; `undefined` if none waits. */
  async head(pipeline: string): Promise<OurBullJob | undefined> {
    const jobs = await this.queue(pipeline).getJobs([...WAITING], 0, 0, true)
    // A stalled job stands before all others, whatever its priority.
    return jobs[0] as OurBullJob | undefined
  }

  async close(): Promise<void> {
    const workers = await Promise.allSettled(this.workers.values())
    // They wait for nothing: the jobs are ours to end.
    const closing = workers.map(made => (made.status === 'fulfilled' ? made.value.close(true) : undefined))
    await Promise.allSettled([...closing, ...[...this.queues.values()].map(queue => queue.close())])
  }

  /** Which pipeline's next job comes first: by priority, then by models that are held, unless another has waited for long. */
  private async inOrder(pipelines: readonly string[], held: readonly string[]): Promise<readonly string[]> {
    if (pipelines.length === 1) return pipelines
    const heads = await Promise.all(pipelines.map(async pipeline => ({ pipeline, job: await this.head(pipeline) })))
    const now = Date.now()
    const rank = ({ pipeline, job }: (typeof heads)[number]) => {
      const priority = job?.data.job.priority ?? 0
      const since = job?.timestamp ?? now
      const isHeld = held.includes(pipeline) || now - since > PATIENCE
      return { priority, isHeld, since }
    }
    const waiting = heads.filter(({ job }) => job !== undefined).map(head => ({ ...head, ...rank(head) }))
    waiting.sort((a, b) => a.priority - b.priority || Number(b.isHeld) - Number(a.isHeld) || a.since - b.since)
    return waiting.map(({ pipeline }) => pipeline)
  }

  private worker(pipeline: string): Promise<Worker> {
    const made = this.workers.get(pipeline) ?? this.makeWorker(pipeline)
    this.workers.set(pipeline, made)
    return made
  }

  private async makeWorker(pipeline: string): Promise<Worker> {
    const { leaseDuration } = this.settings
    const worker = new this.packages.bullmq.Worker(pipeline, null, {
      connection: this.redis.patient,
      prefix: this.redis.prefix,
      autorun: false,
      lockDuration: leaseDuration,
      skipLockRenewal: true,
      stalledInterval: Math.max(Math.ceil(leaseDuration / 2), 100),
      maxStalledCount: MOST_STALLS,
      skipVersionCheck: true,
    })
    worker.on('error', () => undefined)
    // Who waits for a job hears of one whose worker was lost.
    worker.on('stalled', () => void this.redis.wake('job', pipeline).catch(() => undefined))
    await worker.startStalledCheckTimer()
    return worker
  }
}
