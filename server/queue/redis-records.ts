/** What a queue on Redis remembers beside its jobs: what was cancelled, and which workers are alive. */
import type { Job } from '../jobs/job'
import type { TakeOptions, WorkerInfo } from './queue'
import type { RedisConnection } from './redis-connection'
import { WORKER_TIMEOUT } from './worker-registry'

/** Milliseconds between two heartbeats of a worker. */
const TELL_AFTER = 5_000

/** Small keys, each with an end. */
export class RedisRecords {
  private readonly told = new Map<string, { readonly text: string; readonly at: number }>()

  constructor(
    private readonly redis: RedisConnection,
    /** Milliseconds that ended jobs are remembered. */
    private readonly retention: number,
  ) {}

  /** Remembers that a job is to be cancelled, and what it was: where it waits it is removed, and this remains of it. */
  async requestCancel(job: Job): Promise<void> {
    const record: Job = { ...job, status: 'cancelled', endedAt: Date.now() }
    await this.redis.ask(client => client.set(this.cancelKey(job.id), JSON.stringify(record), 'PX', this.retention))
  }

  async withdrawCancel(id: string): Promise<void> {
    await this.redis.ask(client => client.del(this.cancelKey(id)))
  }

  async isCancelRequested(id: string): Promise<boolean> {
    return (await this.redis.ask(client => client.exists(this.cancelKey(id)))) === 1
  }

  /** A job that was cancelled and is in no queue any more. */
  async cancelled(id: string): Promise<Job | undefined> {
    const text = await this.redis.ask(client => client.get(this.cancelKey(id)))
    return text === null ? undefined : (JSON.parse(text) as Job)
  }

  async countCancelled(id: string): Promise<void> {
    await this.redis.ask(client => client.zadd(this.redis.key('cancelled'), Date.now(), id))
  }

  async cancelledCount(): Promise<number> {
    const key = this.redis.key('cancelled')
    return this.redis.ask(async client => {
      await client.zremrangebyscore(key, 0, Date.now() - this.retention)
      return client.zcard(key)
    })
  }

  /** A worker asks for a job: announces the models that it holds, if they changed or the last time is a while ago. */
  async noteWorker({ worker, pipelines, held = [] }: TakeOptions): Promise<void> {
    const text = JSON.stringify({ name: worker, pipelines, held })
    const last = this.told.get(worker)
    if (last?.text === text && Date.now() - last.at < TELL_AFTER) return
    await this.redis.ask(client => client.hset(this.redis.key('workers'), worker, JSON.stringify([Date.now(), text])))
    this.told.set(worker, { text, at: Date.now() })
  }

  /** The announced workers of this process are still alive: they work. */
  async noteAgain(): Promise<void> {
    for (const { text } of [...this.told.values()]) {
      const { name, ...info } = JSON.parse(text) as WorkerInfo
      await this.noteWorker({ worker: name, ...info })
    }
  }

  /** A worker asks no more. */
  forgetWorker(worker: string): void {
    this.told.delete(worker)
  }

  async workers(): Promise<readonly WorkerInfo[]> {
    const key = this.redis.key('workers')
    const entries = Object.entries(await this.redis.ask(client => client.hgetall(key)))
    const read = entries.map(([name, text]) => {
      const [at, info] = JSON.parse(text) as [number, string]
      return { name, isAlive: Date.now() - at <= WORKER_TIMEOUT, info: JSON.parse(info) as WorkerInfo }
    })
    const gone = read.filter(({ isAlive }) => !isAlive).map(({ name }) => name)
    if (gone.length > 0) await this.redis.ask(client => client.hdel(key, ...gone))
    return read.filter(({ isAlive }) => isAlive).map(({ info }) => info)
  }

  private cancelKey(id: string): string {
    return this.redis.key('cancel', id)
  }
}
