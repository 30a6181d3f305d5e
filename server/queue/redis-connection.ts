/** The connections of a queue on Redis, and what runs through them besides BullMQ's own commands. */
import { EventEmitter } from 'node:events'
import type { Redis } from 'ioredis'
import { QueueUnavailableError } from '../jobs/job-errors'
import { InvalidQueueOptionError } from './invalid-queue-option-error'
import type { RedisPackages } from './redis-packages'

/** Milliseconds after which a server that does not answer counts as away. */
const TIMEOUT = 5_000

/** What processes tell each other at once, by channel: pipelines that have a new job, jobs that have a new event, jobs that are cancelled. */
export type WakeChannel = 'job' | 'event' | 'cancel'

const CHANNELS: readonly WakeChannel[] = ['job', 'event', 'cancel']

/** Three connections: one that fails soon, one on which workers wait, and one that listens. */
export class RedisConnection {
  /** Fails soon where the server is away. */
  readonly client: Redis
  /** Waits for the server: BullMQ's workers want it so. */
  readonly patient: Redis
  private readonly listener: Redis
  private readonly emitter = new EventEmitter()

  private constructor(
    url: string,
    { Redis: RedisClass }: RedisPackages,
    /** Begins all keys. */
    readonly prefix: string,
  ) {
    const retryStrategy = (times: number) => Math.min(100 * times, 1_000)
    const common = { retryStrategy, connectTimeout: TIMEOUT, lazyConnect: true }
    this.client = new RedisClass(url, { ...common, maxRetriesPerRequest: 1, commandTimeout: TIMEOUT })
    this.patient = new RedisClass(url, { ...common, maxRetriesPerRequest: null })
    this.listener = new RedisClass(url, { ...common, maxRetriesPerRequest: null })
    this.emitter.setMaxListeners(0)
    // Commands tell what fails; a connection that was lost is made again.
    for (const connection of this.all) connection.on('error', () => undefined)
    this.listener.on('message', (channel: string, message: string) => {
      this.emitter.emit(`${channel.slice(prefix.length + 1)} ${message}`)
      this.emitter.emit(channel.slice(prefix.length + 1))
    })
  }

  /** @throws QueueUnavailableError if no server answers; InvalidQueueOptionError for a URL that is none */
  static async open(url: string, packages: RedisPackages, prefix: string): Promise<RedisConnection> {
    if (!/^rediss?:\/\//.test(url) || !URL.canParse(url)) {
      throw new InvalidQueueOptionError(
        'redis',
        `it must be a URL such as redis://localhost:6379, but ${JSON.stringify(url)} was given.`,
      )
    }
    const connection = new RedisConnection(url, packages, prefix)
    try {
      for (const each of connection.all) await withDeadline(each.connect())
      await withDeadline(connection.listener.subscribe(...CHANNELS.map(channel => connection.key(channel))))
      return connection
    } catch (cause) {
      connection.close()
      const { host } = new URL(url)
      const problem = `no Redis or Valkey answers at ${host}: ${reasonOf(cause)}. Start it, or name another address.`
      throw new QueueUnavailableError(problem, cause)
    }
  }

  key(...parts: string[]): string {
    return [this.prefix, ...parts].join(':')
  }

  /** Tells all processes. */
  async wake(channel: WakeChannel, message: string): Promise<void> {
    await this.client.publish(this.key(channel), message)
  }

  /** Resolves when a channel gets a message (a certain one, or any), after a time, or when a signal fires. Begin it before you look. */
  next(channel: WakeChannel, message: string | undefined, timeout: number, signal?: AbortSignal): Promise<void> {
    const event = message === undefined ? channel : `${channel} ${message}`
    return new Promise(resolve => {
      const done = () => {
        this.emitter.off(event, done)
        this.emitter.off('close', done)
        signal?.removeEventListener('abort', done)
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(done, timeout)
      this.emitter.on(event, done)
      this.emitter.on('close', done)
      if (signal?.aborted) done()
      else signal?.addEventListener('abort', done)
    })
  }

  /** @throws QueueUnavailableError in place of what the client throws */
  async ask<T>(question: (client: Redis) => Promise<T>): Promise<T> {
    try {
      return await question(this.client)
    } catch (cause) {
      throw new QueueUnavailableError(
        `Redis does not answer: ${reasonOf(cause)}. Try again, or check the server.`,
        cause,
      )
    }
  }

  close(): void {
    this.emitter.emit('close')
    for (const connection of this.all) connection.disconnect()
  }

  private get all(): readonly Redis[] {
    return [this.client, this.patient, this.listener]
  }
}

/** What the client says, without its advice on options that nobody can set here. */
function reasonOf(cause: unknown): string {
  const { name, message } = cause as Error
  return name === 'MaxRetriesPerRequestError' ? 'the connection is lost' : message.replace(/\.$/, '')
}

function withDeadline<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it does not answer')), TIMEOUT)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
