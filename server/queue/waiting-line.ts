/** Jobs in the order in which workers take them. */
import type { Job } from '../jobs/job'

/** Milliseconds after which a job no longer stands back behind those whose models a worker holds. */
export const PATIENCE = 30_000

/** A job and its place among those of its priority. */
interface WaitingJob {
  readonly job: Job
  readonly order: number
}

/** Sorts by priority, lowest number first, then by order of submission. A requeued job keeps its place. */
export class WaitingLine {
  private readonly line: WaitingJob[] = []

  get length(): number {
    return this.line.length
  }

  add(job: Job, order: number): void {
    this.line.splice(this.placeOf(job.priority, order), 0, { job, order })
  }

  remove(id: string): void {
    const place = this.line.findIndex(({ job }) => job.id === id)
    if (place >= 0) this.line.splice(place, 1)
  }

  /** Takes out the next job of one of the pipelines: one whose models are held, unless another has waited for long. */
  take(pipelines: readonly string[], held: readonly string[], now = Date.now()): Job | undefined {
    const first = this.line.findIndex(({ job }) => pipelines.includes(job.pipeline))
    const next = this.line[first]?.job
    if (next === undefined) return undefined
    const isDue = held.includes(next.pipeline) || now - next.createdAt > PATIENCE
    const preferred = isDue ? -1 : this.findHeld(pipelines, held, first)
    const [taken] = this.line.splice(preferred < 0 ? first : preferred, 1)
    return taken?.job
  }

  /** Takes out the first jobs of a pipeline and priority that fit. It asks of each job once. */
  takeFitting({ pipeline, priority }: Job, most: number, fits: (job: Job) => boolean): WaitingJob[] {
    const taken: WaitingJob[] = []
    let place = this.placeOf(priority, Number.NEGATIVE_INFINITY)
    while (taken.length < most) {
      const job = this.line[place]?.job
      if (job?.priority !== priority) break
      if (job.pipeline === pipeline && fits(job)) taken.push(...this.line.splice(place, 1))
      else place++
    }
    return taken
  }

  private findHeld(pipelines: readonly string[], held: readonly string[], first: number): number {
    if (held.length === 0) return -1
    const { priority } = (this.line[first] as WaitingJob).job
    for (let i = first + 1; this.line[i]?.job.priority === priority; i++) {
      const { pipeline } = (this.line[i] as WaitingJob).job
      if (held.includes(pipeline) && pipelines.includes(pipeline)) return i
    }
    return -1
  }

  /** Where a job belongs. */
  private placeOf(priority: number, order: number): number {
    let [low, high] = [0, this.line.length]
    while (low < high) {
      const middle = (low + high) >> 1
      const { job, order: other } = this.line[middle] as WaitingJob
      if (job.priority < priority || (job.priority === priority && other < order)) low = middle + 1
      else high = middle
    }
    return low
  }
}
