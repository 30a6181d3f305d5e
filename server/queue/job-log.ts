/** The events of one job, for any number of readers. */
import type { Job } from '../jobs/job'
import { isFinalEvent, type JobEvent, type NumberedEvent } from '../jobs/job-event'

/** Events of a job that are kept, from the end: a run of 100 steps with previews has some 1000. */
export const MOST_EVENTS = 2_000

/** The last event of a job that has ended. */
export function finalEventOf({ status, result, error }: Job): JobEvent | undefined {
  if (status === 'finished' && result) return { type: 'finished', result }
  if (status === 'failed' && error) return { type: 'failed', error }
  return status === 'cancelled' ? { type: 'cancelled' } : undefined
}

/** A bounded log. Readers come and go, and none holds up another. */
export class JobLog {
  private readonly events: NumberedEvent[] = []
  private readonly wakeReaders = new Set<() => void>()
  private count = 0
  private isOver = false

  /** @param epoch tells the ids of this log from those of a process before */
  constructor(private readonly epoch: string) {}

  append(event: JobEvent): void {
    if (this.isOver) return
    this.count++
    this.events.push({ id: `${this.epoch}-${this.count}`, event })
    // In pieces, as each moves the rest.
    if (this.events.length > 2 * MOST_EVENTS) this.events.splice(0, this.events.length - MOST_EVENTS)
    this.isOver = isFinalEvent(event)
    this.wake()
  }

  /** Ends what readers wait for. */
  close(): void {
    this.isOver = true
    this.wake()
  }

  async *read(after: string | undefined, signal: AbortSignal | undefined): AsyncGenerator<NumberedEvent, void, void> {
    let seen = this.numberOf(after)
    // How a job has ended is still told to readers that are to stop.
    while (!signal?.aborted || this.isOver) {
      const first = this.count - this.events.length
      const next = this.events[Math.max(seen, first) - first]
      if (next !== undefined) {
        seen = Math.max(seen, first) + 1
        yield next
      } else if (this.isOver) {
        return
      } else {
        await this.change(signal)
      }
    }
  }

  /** How many events a reader has seen that names the last one; 0 for an id of another process. */
  private numberOf(id: string | undefined): number {
    const [, epoch, digits] = /^(.*)-(\d{1,15})$/.exec(id ?? '') ?? []
    const number = Number(digits)
    return epoch === this.epoch && number <= this.count ? number : 0
  }

  private change(signal: AbortSignal | undefined): Promise<void> {
    return new Promise(resolve => {
      const wake = () => {
        this.wakeReaders.delete(wake)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      this.wakeReaders.add(wake)
      signal?.addEventListener('abort', wake)
    })
  }

  private wake(): void {
    for (const wake of [...this.wakeReaders]) wake()
  }
}
