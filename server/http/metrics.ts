/** What a server counts, for Prometheus. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { JobQueue } from '../queue/queue'

/** Seconds: requests are quick, and only pictures take longer. */
const BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5]

/** The counters of one server. Each has a registry of its own. */
export class Metrics {
  readonly registry = new Registry()
  readonly requests: Histogram<'method' | 'route' | 'status'>
  readonly submitted: Counter<'pipeline'>
  readonly streams: Gauge

  constructor(queue: JobQueue, pipelines: readonly string[]) {
    const registers = [this.registry]
    collectDefaultMetrics({ register: this.registry, prefix: 'tesserae_' })
    this.requests = new Histogram({
      name: 'tesserae_http_request_duration_seconds',
      help: 'Seconds from a request to its answer; event streams are left out.',
      labelNames: ['method', 'route', 'status'],
      buckets: BUCKETS,
      registers,
    })
    this.submitted = new Counter({
      name: 'tesserae_jobs_submitted_total',
      help: 'Jobs that were accepted, without repeated requests.',
      labelNames: ['pipeline'],
      registers,
    })
    this.streams = new Gauge({ name: 'tesserae_event_streams', help: 'Event streams that are open.', registers })
    new Gauge({
      name: 'tesserae_jobs',
      help: 'Jobs that the queue knows, by status.',
      labelNames: ['status'],
      registers,
      async collect() {
        for (const [status, count] of Object.entries(await queue.counts())) this.set({ status }, count)
      },
    })
    new Gauge({
      name: 'tesserae_workers',
      help: 'Workers that are alive.',
      registers,
      async collect() {
        this.set((await queue.workers()).length)
      },
    })
    new Gauge({
      name: 'tesserae_pipeline_workers',
      help: 'Workers that are alive and draw with a pipeline. Jobs of a pipeline without workers wait.',
      labelNames: ['pipeline'],
      registers,
      async collect() {
        const workers = await queue.workers()
        for (const pipeline of pipelines) {
          this.set({ pipeline }, workers.filter(worker => worker.pipelines.includes(pipeline)).length)
        }
      },
    })
  }
}
