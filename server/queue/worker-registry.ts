/** Which workers are alive, as a queue hears of them. */
import type { TakeOptions, WorkerInfo } from './queue'

/** Milliseconds after which a worker that was not heard of counts as gone. */
export const WORKER_TIMEOUT = 30_000

/** Remembers the workers of one process. */
export class WorkerRegistry {
  private readonly seen = new Map<string, { readonly info: WorkerInfo; at: number }>()

  /** A worker asks for a job. */
  note({ worker, pipelines, held = [] }: TakeOptions): void {
    this.seen.set(worker, { info: { name: worker, pipelines: [...pipelines], held: [...held] }, at: Date.now() })
  }

  /** A worker is heard of. */
  touch(worker: string): void {
    const known = this.seen.get(worker)
    if (known) known.at = Date.now()
  }

  /** @param waiting workers that wait for a job, and so are there */
  list(waiting: ReadonlySet<string>): WorkerInfo[] {
    const oldest = Date.now() - WORKER_TIMEOUT
    for (const [name, { at }] of this.seen) if (at < oldest && !waiting.has(name)) this.seen.delete(name)
    return [...this.seen.values()].map(({ info }) => info)
  }
}
