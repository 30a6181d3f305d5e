/** Opens the queue that a command line or a configuration names. */
import { BullMQQueue } from './bullmq-queue'
import { EmbeddedQueue, type EmbeddedQueueOptions } from './embedded-queue'
import type { JobQueue } from './queue'

/** Which queue is meant. */
export interface OpenQueueOptions extends EmbeddedQueueOptions {
  /** URL of Redis or Valkey, e.g. `redis://localhost:6379`; excludes a file. Default: the queue is in this process. */
  readonly redis?: string | undefined
  /** Begins the names of all keys on Redis. Default: `tesserae`. */
  readonly prefix?: string | undefined
}

/** Opens a queue in this process, or on Redis. @throws QueueUnavailableError; InvalidJobError for a setting that is none */
export async function openQueue({ redis, prefix, ...options }: OpenQueueOptions = {}): Promise<JobQueue> {
  if (redis === undefined) return new EmbeddedQueue(options)
  return BullMQQueue.open({ ...options, url: redis, prefix })
}
