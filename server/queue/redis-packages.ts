/** BullMQ and ioredis, which only those install who have a queue on Redis. */
import type { Redis } from 'ioredis'
import { QueueUnavailableError } from '../jobs/job-errors'

/** What is used of the two packages. */
export interface RedisPackages {
  readonly bullmq: typeof import('bullmq')
  readonly Redis: typeof Redis
}

/** @throws QueueUnavailableError if one of them is not installed */
export function loadRedisPackages(): RedisPackages {
  try {
    const bullmq = require('bullmq') as typeof import('bullmq')
    return { bullmq, Redis: (require('ioredis') as typeof import('ioredis')).Redis }
  } catch (cause) {
    throw new QueueUnavailableError('a queue on Redis needs two packages. Run npm install bullmq ioredis.', cause)
  }
}
