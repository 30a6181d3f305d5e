/** The jobs of this browser: asked for, watched, and remembered over a reload. */
import { type Signal, signal } from '@preact/signals'
import { getJson, prefix, reachable, request, ServerAwayError, ServerProblem } from '../server/client'
import type { Job, JobBody, JobEvent } from '../server/types'
import { watchJob } from '../server/watch-job'
import { keep, recall } from '../storage'
import { afterEvent, isOver, newRun, type RunState } from './run-state'

/** A job of this browser. */
export interface StudioJob {
  readonly id: string
  /** What the server says of it, but its inputs. */
  readonly job: Signal<Job>
  readonly run: Signal<RunState>
  /** Inputs that are neither pictures nor long. */
  readonly inputs: Readonly<Record<string, unknown>>
  /** Whether its events are followed, or were to the end. */
  isWatched: boolean
}

/** The jobs, the newest first. */
export const jobs = signal<readonly StudioJob[]>([])

/** The job that is looked at. */
export const selectedId = signal<string | undefined>(undefined)

/** The job of an id. */
export function findJob(id: string | undefined): StudioJob | undefined {
  return jobs.value.find(each => each.id === id)
}

const KEPT = `tesserae.jobs${prefix}`

/** Jobs that are remembered. */
const MOST_KEPT = 100

/** Characters of an input that is shown as a setting: longer ones are pictures. */
const LONGEST_SETTING = 2000

/** Asks for a job, and follows it. @throws ServerProblem, ServerAwayError */
export async function submit(body: JobBody): Promise<StudioJob> {
  const response = await request('/v1/jobs', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': randomKey() },
    body: JSON.stringify(body),
  })
  const made = jobOf((await response.json()) as Job, body.inputs)
  jobs.value = [made, ...jobs.value].slice(0, MOST_KEPT)
  remember()
  select(made.id)
  return made
}

/** A key of its own for each request. `crypto.randomUUID` is missing on pages without TLS. */
function randomKey(): string {
  return [...crypto.getRandomValues(new Uint32Array(4))].map(part => part.toString(36)).join('-')
}

/** Cancels a job. */
export async function cancel({ id }: StudioJob): Promise<void> {
  await request(`/v1/jobs/${encodeURIComponent(id)}`, { method: 'DELETE' })
}

/** Looks at a job: its blocks and values are read from its events. */
export function select(id: string | undefined): void {
  selectedId.value = id
  const found = findJob(id)
  if (found) watch(found)
}

/** Takes a job out of the gallery. The server keeps it. */
export function forget(id: string): void {
  jobs.value = jobs.value.filter(each => each.id !== id)
  if (selectedId.value === id) selectedId.value = undefined
  remember()
}

/** The inputs of a job as they were sent, with pictures. @throws ServerProblem, ServerAwayError */
export async function inputsOf({ id }: StudioJob): Promise<Readonly<Record<string, unknown>>> {
  const { inputs = {} } = await getJson<Job>(`/v1/jobs/${encodeURIComponent(id)}?inputs=true`)
  return inputs
}

/** Finds the jobs of before the reload again; those that the server has forgotten are dropped. */
export async function recallJobs(): Promise<void> {
  const kept = recall(KEPT)
  const ids = Array.isArray(kept) ? kept.filter(id => typeof id === 'string') : []
  const found = await Promise.all(ids.map(recallJob))
  const known = new Set(jobs.value.map(({ id }) => id))
  jobs.value = [...jobs.value, ...found.filter(each => each !== undefined).filter(({ id }) => !known.has(id))]
  remember()
  for (const each of jobs.value) if (!isOver(each.run.value)) watch(each)
  select(selectedId.value ?? jobs.value.find(each => !isOver(each.run.value))?.id ?? jobs.value[0]?.id)
}

async function recallJob(id: string): Promise<StudioJob | undefined> {
  for (;;) {
    try {
      const job = await getJson<Job>(`/v1/jobs/${encodeURIComponent(id)}?inputs=true`)
      return jobOf(job, job.inputs ?? {})
    } catch (error) {
      if (error instanceof ServerProblem && error.status === 404) return undefined
      if (!(error instanceof ServerAwayError || error instanceof ServerProblem)) throw error
      await reachable()
    }
  }
}

function jobOf({ inputs: _, ...job }: Job, inputs: Readonly<Record<string, unknown>>): StudioJob {
  const { id, status, result, error } = job
  const run: RunState = { ...newRun, status, pictures: result?.pictures ?? [], error: error ?? undefined }
  const settings = Object.entries(inputs).filter(([, value]) => JSON.stringify(value).length <= LONGEST_SETTING)
  return { id, job: signal(job), run: signal(run), inputs: Object.fromEntries(settings), isWatched: false }
}

function watch(each: StudioJob): void {
  if (each.isWatched) return
  each.isWatched = true
  const tell = (event: JobEvent) => {
    each.run.value = afterEvent(each.run.value, event)
  }
  watchJob(each.id, tell).then(async end => {
    if (end === 'unknown' && !isOver(each.run.value)) each.run.value = { ...each.run.value, status: 'unknown' }
    if (end === 'ended') each.job.value = await getJson<Job>(`/v1/jobs/${encodeURIComponent(each.id)}`)
  }, reportError)
}

function remember(): void {
  keep(
    KEPT,
    jobs.value.map(({ id }) => id),
  )
}
