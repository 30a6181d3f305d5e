/** Runs a job while its client waits for the answer: for clients that know no jobs. */
import type { FastifyReply } from 'fastify'
import { isOfRequest } from '../jobs/failure-codes'
import { isEnded, type Job } from '../jobs/job'
import type { JobEvent } from '../jobs/job-event'
import { type Prefix, viewFailure } from './job-view'
import { fieldProblem, Problem } from './problem'
import type { Asker, JobBody } from './read-job-request'
import type { Service } from './service'
import { bytesOf } from './stored-file'

/** A picture of a job, as a file. */
export interface JobPicture {
  readonly bytes: Buffer
  readonly mediaType: string
  readonly width: number
  readonly height: number
  /** The path at which the server sends it. */
  readonly path: string
}

/** Returns a signal that fires if the client leaves before its answer is sent, or if the server ends. */
export function leavingSignal(reply: FastifyReply, service: Service): AbortSignal {
  const left = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) left.abort()
  })
  if (reply.raw.destroyed) left.abort()
  return AbortSignal.any([service.ended, left.signal])
}

/**
 * Submits a job and waits until it ends. If the signal fires, the job is cancelled.
 *
 * @param watch is called with the id of the job before it runs, and with its events
 * @returns the job, finished or cancelled
 * @throws Problem for a request that is refused, a job that fails, and a server that ends
 */
export async function runJob(
  service: Service,
  body: JobBody,
  asker: Asker,
  signal: AbortSignal,
  watch: { submitted?(id: string): void; event?(event: JobEvent): void } = {},
): Promise<Job> {
  const { queue } = service
  const asked = await service.read(body, asker)
  if (signal.aborted) throw goneProblem()
  const { id } = (await service.submit(asked)).job
  watch.submitted?.(id)
  try {
    for await (const { event } of queue.events(id, { signal })) watch.event?.(event)
  } finally {
    if (signal.aborted) await queue.cancel(id)
  }
  const job = await queue.get(id)
  // Of a job that waited, the queue says at once that it was cancelled.
  if (job === undefined || !isEnded(job) || (signal.aborted && job.status === 'cancelled')) throw goneProblem()
  if (job.status === 'failed') throw failureProblem(job)
  return job
}

/** Reads the pictures of a finished job. @throws Problem (500) if the pipeline makes none */
export async function readJobPictures({ results }: Service, job: Job, prefix: Prefix): Promise<JobPicture[]> {
  const pictures: JobPicture[] = []
  for (const { key, mediaType, width, height } of job.result?.pictures ?? []) {
    const file = await results.open(job.id, key)
    if (file === undefined) continue
    const bytes = await bytesOf(file)
    pictures.push({ bytes, mediaType, width, height, path: `${prefix}/v1/jobs/${job.id}/pictures/${key}` })
  }
  if (pictures.length > 0) return pictures
  throw new Problem(500, 'no-pictures', 'The pipeline has made no pictures, or they were removed.')
}

function goneProblem(): Problem {
  const detail = 'The server is about to stop, or the client has left. The job was cancelled.'
  return new Problem(503, 'shutting-down', detail, undefined, { 'retry-after': '10' })
}

function failureProblem({ error }: Job): Problem {
  if (error === undefined) return new Problem(500, 'job-failed', 'The job failed.')
  const failure = viewFailure(error)
  const { message, input, issues = [], cause } = failure
  const [issue] = issues
  if (!isOfRequest(failure)) return new Problem(500, 'job-failed', message)
  const place = input ?? issue?.input ?? cause?.input
  if (place === undefined) return new Problem(422, 'invalid-input', message)
  return fieldProblem(['inputs', ...place], issue?.message ?? message)
}
