/** What the routes of a server work with. */
import type { Job, JobRequest } from '../jobs/job'
import type { JobQueue, SubmittedJob } from '../queue/queue'
import type { ResultStore } from '../results/result-store'
import { Catalog, type CataloguedPipeline } from './catalog'
import type { StreamOptions } from './event-stream'
import { ApiKeys } from './guards/api-keys'
import { OriginGuard, type OriginOptions } from './guards/origins'
import { Metrics } from './metrics'
import { Problem } from './problem'
import { type Asker, JobRequestReader } from './read-job-request'
import { type CheckedServerLimits, checkServerLimits, type ServerLimits } from './server-limits'

/** Options of the plugin, and of a server. */
export interface ServiceOptions extends OriginOptions {
  /** The pipelines, by the names under which jobs ask for them. The first is that of requests that name none. */
  readonly pipelines: Readonly<Record<string, CataloguedPipeline>>
  /** Where jobs wait. Something else must run them: see `createWorker()`. */
  readonly queue: JobQueue
  /** Where pictures lie. */
  readonly results: ResultStore
  /** What a request may ask for. */
  readonly limits?: ServerLimits | undefined
  /** Keys of clients. Without any, everybody is answered who can reach the server. */
  readonly apiKeys?: readonly string[] | undefined
  /** How events are streamed. */
  readonly streams?: StreamOptions | undefined
  /** Whether `/` is the studio, a page to draw with. Default: true of a server of its own, false of the plugin. */
  readonly studio?: boolean | undefined
}

/** The state of a server: what does not depend on a request. */
export class Service {
  readonly catalog: Catalog
  readonly queue: JobQueue
  readonly results: ResultStore
  readonly limits: CheckedServerLimits
  readonly keys: ApiKeys
  readonly origins: OriginGuard
  readonly metrics: Metrics
  readonly reader: JobRequestReader
  readonly streamOptions: StreamOptions
  readonly hasStudio: boolean
  private readonly ending = new AbortController()
  private isDraining = false

  /** @throws InvalidServerOptionError */
  constructor({
    pipelines,
    queue,
    results,
    limits,
    apiKeys = [],
    streams = {},
    studio = false,
    ...origins
  }: ServiceOptions) {
    this.limits = checkServerLimits(limits)
    this.keys = new ApiKeys(apiKeys)
    this.origins = new OriginGuard(origins)
    this.catalog = new Catalog(pipelines)
    this.reader = new JobRequestReader(this.catalog, this.limits)
    this.metrics = new Metrics(queue, Object.keys(pipelines))
    this.queue = queue
    this.results = results
    this.streamOptions = streams
    this.hasStudio = studio
  }

  /** Fires when event streams must end. */
  get ended(): AbortSignal {
    return this.ending.signal
  }

  /** Refuses further jobs, and says so to who asks whether the server is ready. Jobs that were accepted continue. */
  drain(): void {
    this.isDraining = true
  }

  /** Ends event streams. */
  end(): void {
    this.drain()
    this.ending.abort()
  }

  /** Whether jobs are accepted. */
  get isAccepting(): boolean {
    return !this.isDraining
  }

  /** Reads and checks a request for a job. @throws Problem (422, or 503 while the server ends) */
  async read(body: unknown, asker: Asker): Promise<JobRequest> {
    if (!this.isAccepting) {
      throw new Problem(503, 'shutting-down', 'The server is about to stop.', undefined, { 'retry-after': '10' })
    }
    return this.reader.read(body, asker)
  }

  /** Decodes pictures, one request at a time. */
  decode<T>(work: () => Promise<T>): Promise<T> {
    return this.reader.decodeInTurn(work)
  }

  /** Hands a job to the queue within the limits, and counts it. @throws what the queue throws */
  async submit(request: JobRequest): Promise<SubmittedJob> {
    const submitted = await this.queue.submit(request, this.limits)
    if (submitted.isNew) this.metrics.submitted.inc({ pipeline: submitted.job.pipeline })
    return submitted
  }

  /**
   * The job of an id. Where clients have keys, each sees its own jobs alone.
   *
   * @throws Problem (404)
   */
  async findJob(id: string, client: string): Promise<Job> {
    const job = await this.queue.get(id)
    if (job === undefined || (this.keys.isRequired && job.client !== client)) {
      throw new Problem(404, 'unknown-job', 'There is no such job. It may have ended long ago.')
    }
    return job
  }
}
