/** Limits of a queue on Redis: a place is reserved for a job by one script, so that requests which arrive at the same moment exceed no limit. */
import type { Job } from '../jobs/job'
import type { QueueLimits } from './queue'
import type { RedisConnection } from './redis-connection'

/** Milliseconds after which a place counts no more whose job never came: the server that reserved it has died. */
const LONGEST_RESERVATION = 60_000

/**
 * Counts the jobs that wait, those that were reserved and are not there yet, and the jobs of the client; reserves a place if there is room.
 *
 * KEYS: reserved places, jobs of the client, names of the pipelines. ARGV: time, timeout, retention, prefix, key of the job, id of the job, most that
 * wait, most of the client (-1 for no limit).
 */
const RESERVE = `
local now, prefix, place, id = tonumber(ARGV[1]), ARGV[4], ARGV[5], ARGV[6]
local mostWaiting, mostOfClient = tonumber(ARGV[7]), tonumber(ARGV[8])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
if mostWaiting >= 0 and not redis.call('ZSCORE', KEYS[1], place) then
  local waiting = 0
  for _, name in ipairs(redis.call('SMEMBERS', KEYS[3])) do
    local line = prefix .. ':' .. name
    waiting = waiting + redis.call('LLEN', line .. ':wait') + redis.call('ZCARD', line .. ':prioritized')
  end
  for _, other in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    if redis.call('EXISTS', other) == 0 then waiting = waiting + 1 end
  end
  if waiting >= mostWaiting then return 'full' end
end
if mostOfClient >= 0 and not redis.call('ZSCORE', KEYS[2], id) and redis.call('ZCARD', KEYS[2]) >= mostOfClient then
  return 'too-many'
end
redis.call('ZADD', KEYS[1], now, place)
redis.call('ZADD', KEYS[2], now, id)
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 'reserved'
`

/** What became of a wish for a place: there is one; too many jobs wait; or the client has too many. */
export type Reservation = 'reserved' | 'full' | 'too-many'

/** A job that is about to be added. */
export interface ReservedJob {
  readonly job: Job
  /** Stands for the client in names of keys. */
  readonly client: string
  /** The key under which BullMQ will keep the job. */
  readonly key: string
}

/** Reserves places. */
export class RedisLimits {
  constructor(
    private readonly redis: RedisConnection,
    /** Milliseconds that the jobs of a client are remembered after the last of them came. */
    private readonly retention: number,
    /** Whether a job waits or runs; `undefined` if it is unknown. */
    private readonly isOpen: (id: string) => Promise<boolean | undefined>,
  ) {}

  /** Reserves a place. Ended jobs of a client are forgotten where it seems to have too many. */
  async reserve(reserved: ReservedJob, limits: QueueLimits): Promise<Reservation> {
    const reservation = await this.tryReserve(reserved, limits)
    if (reservation !== 'too-many' || !(await this.forgetEnded(reserved.client))) return reservation
    return this.tryReserve(reserved, limits)
  }

  /** The job is there, and counts by itself. */
  async settle({ key }: ReservedJob): Promise<void> {
    await this.redis.ask(client => client.zrem(this.places, key))
  }

  private async tryReserve({ job, client, key }: ReservedJob, limits: QueueLimits): Promise<Reservation> {
    const { maxQueued = -1, maxJobsPerClient = -1 } = limits
    const { redis } = this
    const keys = [this.places, this.jobsOf(client), redis.key('pipelines')]
    const settings = [Date.now(), LONGEST_RESERVATION, this.retention, redis.prefix, key, job.id]
    const given = [...keys, ...[...settings, maxQueued, maxJobsPerClient].map(String)]
    return redis.ask(connection => connection.eval(RESERVE, keys.length, ...given)) as Promise<Reservation>
  }

  /** Returns whether any job of the client has ended. One that is not there yet has not. */
  private async forgetEnded(client: string): Promise<boolean> {
    const key = this.jobsOf(client)
    const ids = await this.redis.ask(connection => connection.zrange(key, '0', '-1'))
    const states = await Promise.all(ids.map(id => this.isOpen(id)))
    const ended = ids.filter((_, i) => states[i] === false)
    const unknown = ids.filter((_, i) => states[i] === undefined)
    const oldest = Date.now() - LONGEST_RESERVATION
    for (const id of unknown) {
      const since = await this.redis.ask(connection => connection.zscore(key, id))
      if (since === null || Number(since) < oldest) ended.push(id)
    }
    if (ended.length > 0) await this.redis.ask(connection => connection.zrem(key, ...ended))
    return ended.length > 0
  }

  private get places(): string {
    return this.redis.key('reserved')
  }

  private jobsOf(client: string): string {
    return this.redis.key('jobs-of', client)
  }
}
