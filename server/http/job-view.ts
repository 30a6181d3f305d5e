/** A job as clients see it: pictures by URL, and nothing of the machine. */
import { PUBLIC_FAILURES } from '../jobs/failure-codes'
import type { Job, JobFailure } from '../jobs/job'
import type { JobEvent } from '../jobs/job-event'
import type { JobResult, StoredPicture } from '../jobs/job-result'
import type { JsonValue } from '../jobs/json'

/** Where the addresses of a server begin, e.g. `/draw` of one that is mounted in another; empty for one of its own. */
export type Prefix = string

/** Whatever looks like the path of a file, or a token. */
const PRIVATE_TEXT = /(?:file:\/\/)?(?:[A-Za-z]:[\\/]|\/)(?:[^\s'",:;()/\\]+[\\/])+[^\s'",:;()]*|\bhf_\w+/g

/** The job, without its inputs, which may hold large pictures. */
export function viewJob(job: Job, prefix: Prefix) {
  const { id, pipeline, workflow, status, seed, format, output, priority, attempts, progress, result, error } = job
  return {
    id,
    status,
    pipeline,
    ...(workflow !== undefined && { workflow }),
    ...(job.components && { components: job.components }),
    seed,
    format,
    output,
    priority,
    attempts,
    createdAt: dateOf(job.createdAt),
    startedAt: dateOf(job.startedAt),
    endedAt: dateOf(job.endedAt),
    progress: progress ?? null,
    result: result ? viewResult(job.id, result, prefix) : null,
    error: error ? viewFailure(error) : null,
    links: { self: `${prefix}/v1/jobs/${id}`, events: `${prefix}/v1/jobs/${id}/events` },
  }
}

/** A job in answers. */
export type JobView = ReturnType<typeof viewJob>

/** An event with addresses in place of keys. */
export function viewEvent(id: string, event: JobEvent, prefix: Prefix): JsonValue {
  if (event.type === 'finished')
    return { type: event.type, result: viewResult(id, event['result'] as JobResult, prefix) }
  if (event.type === 'failed') {
    return { type: event.type, error: viewFailure(event['error'] as JobFailure) as unknown as JsonValue }
  }
  if (event.type === 'values') {
    const { key, ...others } = event as { key: string; type: string }
    return { ...others, url: valuesUrl(id, key, prefix) }
  }
  if (event.type !== 'preview') return event as unknown as JsonValue // Events are JSON.
  const { images = [], ...others } = event as { images?: readonly { url: string }[]; type: string }
  return { ...others, images: images.map(image => ({ ...image, url: pictureUrl(id, image.url, prefix) })) }
}

/** The address of summaries of values. */
function valuesUrl(id: string, key: string, prefix: Prefix): string {
  return `${prefix}/v1/jobs/${id}/${key}`
}

/** The address of a picture of a job. */
function pictureUrl(id: string, key: string, prefix: Prefix): string {
  return `${prefix}/v1/jobs/${id}/pictures/${key}`
}

function viewResult(id: string, { pictures, outputs }: JobResult, prefix: Prefix): { [name: string]: JsonValue } {
  const byKey = new Map(pictures.map(picture => [picture.key, picture]))
  const url = (key: string) => pictureUrl(id, key, prefix)
  const replace = (value: JsonValue): JsonValue => {
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return (value as readonly JsonValue[]).map(replace)
    const object = value as { readonly [name: string]: JsonValue }
    const picture = typeof object['url'] === 'string' ? byKey.get(object['url']) : undefined
    if (picture) return viewPicture(picture, url)
    return Object.fromEntries(Object.entries(object).map(([name, member]) => [name, replace(member)]))
  }
  return { outputs: replace(outputs), pictures: pictures.map(picture => viewPicture(picture, url)) }
}

function viewPicture({ key, mediaType, width, height, size }: StoredPicture, url: (key: string) => string) {
  return { url: url(key), mediaType, width, height, size }
}

/** A failure that says nothing of the machine. */
export function viewFailure({ code, message, path = [], input, issues, cause }: JobFailure): JobFailure {
  return {
    code,
    message: publicMessage(code, message, path, cause),
    path,
    ...(input && { input }),
    ...(issues && { issues: issues.map(viewFailure) }),
    ...(cause && { cause: viewFailure(cause) }),
  }
}

function publicMessage(code: string, message: string, path: readonly string[], cause: JobFailure | undefined): string {
  if (PUBLIC_FAILURES.has(code)) return message.replace(PRIVATE_TEXT, '…')
  const place = path.length > 0 ? ` in ${path.join(' > ')}` : ''
  const why = cause && PUBLIC_FAILURES.has(cause.code) ? ` ${cause.message.replace(PRIVATE_TEXT, '…')}` : ''
  return `The pipeline failed${place} (${code}).${why || ' The log of the worker has the reason.'}`
}

function dateOf(time: number | undefined): string | null {
  return time === undefined ? null : new Date(time).toISOString()
}
