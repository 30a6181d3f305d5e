/** Serving pipelines as jobs: `import { … } from 'tesserae/server'`. */
export type { CataloguedPipeline } from './http/catalog'
export {
  type Closable,
  createServer,
  DEFAULT_PORT,
  type ListenOptions,
  type ServerOptions,
  TesseraeServer,
} from './http/create-server'
export type { StreamOptions } from './http/event-stream'
export type { OriginOptions } from './http/guards/origins'
export { InvalidServerOptionError } from './http/invalid-server-option-error'
export type { JobView } from './http/job-view'
export { tesseraePlugin } from './http/plugin'
export type { FieldProblem, ProblemDetails } from './http/problem'
export type { JobBody } from './http/read-job-request'
export type { CheckedServerLimits, ServerLimits } from './http/server-limits'
export type { ServiceOptions } from './http/service'
export * from './jobs/job'
export * from './jobs/job-errors'
export * from './jobs/job-event'
export * from './jobs/job-result'
export * from './jobs/kept-values'
export { BullMQQueue, type BullMQQueueOptions } from './queue/bullmq-queue'
export * from './queue/embedded-queue'
export { isPipelineName } from './queue/new-job'
export * from './queue/open-queue'
export * from './queue/queue'
export type { QueueOptions } from './queue/queue-options'
export * from './results/folder-store'
export * from './results/open-result-store'
export * from './results/remove-expired'
export * from './results/result-errors'
export * from './results/result-store'
export * from './results/s3-store'
export type { ChildRunnerOptions } from './worker/child-runner'
export type { HostOptions } from './worker/pipeline-host'
export * from './worker/pipeline-source'
export type { CheckpointSettings } from './worker/runner'
export * from './worker/worker'
export * from './worker/worker-errors'
