/** The events of jobs in Redis: a stream for each job, which is bounded and goes with the job. */
import type { Job } from '../jobs/job'
import { isFinalEvent, type JobEvent, type NumberedEvent } from '../jobs/job-event'
import { finalEventOf, MOST_EVENTS } from './job-log'
import type { EventsOptions } from './queue'
import type { RedisConnection } from './redis-connection'

/** Milliseconds after which a reader that heard nothing looks by itself. */
const LOOK_AFTER = 2_000

/** Events read at a time. */
const PAGE = 200

/** The id of a last event that was never written, as its process died in between. */
const END = 'end'

/** Writes and reads the streams. */
export class RedisEvents {
  constructor(
    private readonly redis: RedisConnection,
    /** Milliseconds that a stream is kept after its last event. */
    private readonly retention: number,
  ) {}

  async append(id: string, ...events: readonly JobEvent[]): Promise<void> {
    const { redis } = this
    const key = redis.key('events', id)
    await redis.ask(client => {
      const commands = client.multi()
      for (const event of events) commands.xadd(key, 'MAXLEN', '~', MOST_EVENTS, '*', 'event', JSON.stringify(event))
      // A job may wait for long before its next event.
      commands.pexpire(key, 30 * this.retention)
      if (events.some(isFinalEvent)) commands.pexpire(key, this.retention)
      return commands.publish(redis.key('event'), id).exec()
    })
  }

  /** @param getJob reads the job: whether it is there, and how it ended */
  async *read(
    id: string,
    { after, signal }: EventsOptions,
    isClosed: () => boolean,
    getJob: () => Promise<Job | undefined>,
  ): AsyncGenerator<NumberedEvent, void, void> {
    const { redis } = this
    const key = redis.key('events', id)
    if (after === END) return
    let seen = /^\d{1,16}-\d{1,16}$/.test(after ?? '') ? (after as string) : '0-0'
    let hasWaited = false
    while (!signal?.aborted && !isClosed()) {
      const changed = redis.next('event', id, LOOK_AFTER, signal)
      const page = await redis.ask(client => client.xrange(key, `(${seen}`, '+', 'COUNT', PAGE))
      for (const [number, [, text = '']] of page) {
        seen = number
        const event = JSON.parse(text) as JobEvent
        yield { id: number, event }
        if (isFinalEvent(event)) return
      }
      if (page.length > 0) continue
      // One that was written while the job was looked at comes first.
      const job = await getJob()
      if (job === undefined) return
      const last = finalEventOf(job)
      if (last === undefined) {
        await changed
        continue
      }
      const [latest] = await redis.ask(client => client.xrevrange(key, '+', '-', 'COUNT', 1))
      if (latest !== undefined && latest[0] !== seen) continue
      if (latest !== undefined && isFinalEvent(JSON.parse(latest[1][1] ?? '{}') as JobEvent)) return
      // Its last event follows at once, unless the process died that would have written it.
      if (!hasWaited) {
        hasWaited = true
        await changed
        continue
      }
      yield { id: END, event: last }
      return
    }
  }
}
