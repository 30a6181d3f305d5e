/** Keeps the jobs of an embedded queue for the process that comes after this one. */
import type { Job } from '../jobs/job'

/** A job with its place in the order of submission. */
export interface JournalEntry {
  readonly job: Job
  readonly order: number
}

/** What an embedded queue writes down. A loss of power costs nothing of what is on the disk, and a crash of the process nothing at all. */
export interface JobJournal {
  /** All jobs, in the order of their submission. */
  load(): readonly JournalEntry[]
  /** @param isOnDisk whether the call returns when all so far is on the disk; otherwise, a later one sees to it */
  save(entry: JournalEntry, isOnDisk: boolean): void
  remove(ids: readonly string[]): void
  close(): void
}

/** Of a queue without a file: its jobs end with the process. */
export const noJournal: JobJournal = { load: () => [], save() {}, remove() {}, close() {} }
