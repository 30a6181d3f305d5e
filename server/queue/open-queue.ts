/** Opens the queue that a command line or a configuration names. */
import { BullMQQueue } from './bullmq-queue'
import { EmbeddedQueue, type EmbeddedQueueOptions } from './embedded-queue'
import { InvalidQueueOptionError } from './invalid-queue-option-error'
import type { JobQueue } from './queue'

/** Which queue is meant. */
export interface OpenQueueOptions extends EmbeddedQueueOptions {
  /** URL of Redis or Valkey, e.g. `redis://localhost:6379`; excludes `file`, and `onRemoved` is not called. Default: the queue is in this process. */
  readonly redis?: string | undefined
  /** Begins the names of all keys on Redis; needs `redis`. Default: `tesserae`. */
  readonly prefix?: string | undefined
}

/** Opens a queue in this process, or on Redis. @throws QueueUnavailableError; InvalidQueueOptionError for a setting that is none, or without its partner */
export async function openQueue({ redis, prefix, ...options }: OpenQueueOptions = {}): Promise<JobQueue> {
  if (redis === undefined) {
    if (prefix === undefined) return new EmbeddedQueue(options)
    throw new InvalidQueueOptionError('prefix', 'it is for keys on Redis. Pass redis too, or leave it out.')
  }
  if (options.file !== undefined) {
    throw new InvalidQueueOptionError('file', 'the jobs are kept on Redis. Pass redis or file, not both.')
  }
  return BullMQQueue.open({ ...options, url: redis, prefix })
}
