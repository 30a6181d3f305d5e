/** Serving pipelines as jobs: `import { … } from 'tesserae/server'`. */
export * from './jobs/job'
export * from './jobs/job-errors'
export * from './jobs/job-event'
export * from './jobs/job-result'
export * from './queue/queue'
export * from './results/result-store'
