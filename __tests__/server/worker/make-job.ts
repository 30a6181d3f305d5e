/** A job for tests of workers. */
import type { Job } from '../../../server'

/** A job as a queue lends it. */
export const makeJob = (change: Partial<Job>): Job => ({
  id: 'emoji~1',
  pipeline: 'emoji',
  inputs: { prompt: 'a' },
  output: ['images'],
  seed: 1,
  format: 'png',
  priority: 100,
  client: 'a',
  status: 'queued',
  createdAt: 0,
  attempts: 0,
  losses: 0,
  ...change,
})
