/** Keeps the jobs of an embedded queue for the process that comes after this one. */
import type { Job } from '../jobs/job'

/** A job with its place in the order of submission. */
export interface JournalEntry {
  readonly job: Job
  readonly order: number
}

/** What an embedded queue writes down. Each call returns when it is on the disk. */
export interface JobJournal {
  /** All jobs, in the order of their submission. */
  load(): readonly JournalEntry[]
  save(entry: JournalEntry): void
  remove(ids: readonly string[]): void
  close(): void
}

/** Of a queue without a file: its jobs end with the process. */
export const noJournal: JobJournal = { load: () => [], save() {}, remove() {}, close() {} }
