/** What the server remembers of clients of AUTOMATIC1111's API: requests that run, and the pipeline that a client has chosen. */
import type { JobEvent } from '../../jobs/job-event'

/** A request that runs. Its pictures are drawn one after another. */
export class A1111Run {
  readonly startedAt = Date.now()
  /** The job of the picture that is drawn. */
  job: string | undefined
  /** Key of the latest preview of that picture. */
  preview: string | undefined
  /** Pictures that are done. */
  done = 0
  private readonly stopping = new AbortController()

  constructor(
    /** Pictures that there will be. */
    readonly count: number,
  ) {}

  /** The job of the next picture waits. */
  begin(job: string): void {
    this.job = job
    this.preview = undefined
  }

  /** Records an event of that job. */
  see(event: JobEvent): void {
    if (event.type !== 'preview' || !('images' in event)) return
    const [image] = event.images as readonly { readonly url?: unknown }[]
    if (typeof image?.url === 'string') this.preview = image.url
  }

  /** Whether the client has interrupted it. */
  get isInterrupted(): boolean {
    return this.stopping.signal.aborted
  }

  /** Fires when the client interrupts it. */
  get interrupted(): AbortSignal {
    return this.stopping.signal
  }

  interrupt(): void {
    this.stopping.abort()
  }
}

/** Clients whose choices are remembered. */
const MOST_CLIENTS = 10_000

/** Sessions of all clients. */
export class A1111Sessions {
  private readonly runs = new Map<string, Set<A1111Run>>()
  private readonly models = new Map<string, string>()

  /** Runs what makes pictures; until it ends, its client can see and interrupt it. */
  async track<T>(client: string, run: A1111Run, work: () => Promise<T>): Promise<T> {
    const runs = this.runs.get(client) ?? new Set()
    this.runs.set(client, runs.add(run))
    try {
      return await work()
    } finally {
      runs.delete(run)
      if (runs.size === 0) this.runs.delete(client)
    }
  }

  /** The requests of a client that run, oldest first. */
  runsOf(client: string): readonly A1111Run[] {
    return [...(this.runs.get(client) ?? [])]
  }

  /** The pipeline that a client has chosen. */
  modelOf(client: string): string | undefined {
    return this.models.get(client)
  }

  /** Remembers the choice of a client; the oldest choices are forgotten first. */
  choose(client: string, model: string): void {
    this.models.delete(client)
    this.models.set(client, model)
    for (const oldest of this.models.keys()) {
      if (this.models.size <= MOST_CLIENTS) break
      this.models.delete(oldest)
    }
  }
}
