/** `tesserae serve`: pipelines as jobs over HTTP. */
import { readFile, rm } from 'node:fs/promises'
import {
  createServer,
  createWorker,
  FolderStore,
  openPipelineSource,
  openQueue,
  openResultStore,
  removeExpiredResults,
  type ServedPipeline,
  type ServerOptions,
} from '../server'
import { DEFAULT_RETENTION } from '../server/queue/queue-options'
import { makeTemporaryFolder } from '../src/files/temporary-folder'
import { requireLoraDir } from './lora-dir'
import { type ModelSourceOptions, modelSources } from './model-sources'
import { print, printAside } from './print'
import { toldToEnd } from './told-to-end'
import { UnfitOptionError } from './unfit-option-error'

/** Options of the command, as commander gives them. */
export interface ServeOptions extends ModelSourceOptions {
  host?: string
  port?: number
  apiKeyFile?: string
  allowAnonymous?: boolean
  allowedHost?: readonly string[]
  allowedOrigin?: readonly string[]
  trustProxy?: boolean
  /** Processes that draw. Default: 1, or none with `redis`. */
  workers?: number
  memoryLimit?: number
  /** Waiting jobs that are drawn together. */
  batch?: number
  /** Folder with the LoRAs that prompts name. */
  loraDir?: string
  /** SQLite file for jobs that must outlive a restart. */
  queueFile?: string
  /** URL of Redis or Valkey, whose jobs `tesserae worker` runs. */
  redis?: string
  /** Begins the names of all keys on Redis. */
  prefix?: string
  /** Where pictures are kept: a folder, or `s3://bucket/prefix`. */
  results?: string
  /** Milliseconds for which ended jobs and their pictures are kept. */
  keep?: number
  maxPixels?: number
  maxSteps?: number
  maxQueued?: number
  maxJobsPerClient?: number
  logLevel?: NonNullable<ServerOptions['logLevel']>
  /** Whether `/` is the studio. */
  studio?: boolean
}

/** Serves until the process is told to end. The running jobs then end, or go back to the queue if that outlives the process. */
export async function serve(options: ServeOptions): Promise<void> {
  checkQueueOptions(options)
  const workerCount = options.workers ?? (options.redis === undefined ? 1 : 0)
  if (workerCount === 0) {
    const ofWorkers = {
      '--batch': options.batch,
      '--lora-dir': options.loraDir,
      '--memory-limit': options.memoryLimit,
      '--quantization': options.quantization,
    }
    for (const [option, value] of Object.entries(ofWorkers)) {
      if (value === undefined) continue
      throw new UnfitOptionError(option, 'this server runs no jobs itself. Pass the option to tesserae worker.')
    }
  }
  await requireLoraDir(options.loraDir)
  const apiKeys = await readKeys(options.apiKeyFile)
  const sources = modelSources(options)
  const pipelines: Record<string, ServedPipeline> = {}
  for (const [name, source] of Object.entries(sources)) pipelines[name] = await openPipelineSource(source)

  const { redis, prefix, queueFile: file, keep = DEFAULT_RETENTION } = options
  const place = options.results ?? (await makeTemporaryFolder('results'))
  // A folder that ends with the process need not outlive a loss of power.
  const results = options.results === undefined ? new FolderStore(place, { isDurable: false }) : openResultStore(place)
  await results.check()
  const onRemoved = (ids: readonly string[]) => {
    for (const id of ids) results.removeJob(id).catch(error => printAside(`warning: ${(error as Error).message}`))
  }
  const queue = await openQueue({ redis, prefix, file, onRemoved, retention: keep })
  // Also those whose jobs a process has forgotten that was killed.
  const expiry = removeExpiredResults({
    results,
    keep,
    onProblem: error => printAside(`warning: old results were not removed: ${error.message}`),
  })
  const outlives = redis !== undefined || file !== undefined
  const { memoryLimit, maxPixels, maxSteps, maxQueued, maxJobsPerClient } = options
  const workers = Array.from({ length: workerCount }, () =>
    createWorker({
      queue,
      results,
      pipelines: sources,
      memoryLimit,
      batch: options.batch,
      loraDir: options.loraDir,
      onProblem: (problem, error) => printAside(`warning: ${problem}${error ? `: ${(error as Error).message}` : ''}`),
    }),
  )
  const server = createServer({
    pipelines,
    queue,
    results,
    // What waits in memory alone would be lost if it went back.
    workers: workers.map(worker => ({ close: () => worker.close({ finish: !outlives }) })),
    apiKeys,
    allowedHosts: options.allowedHost,
    allowedOrigins: options.allowedOrigin,
    allowAnonymous: options.allowAnonymous,
    trustProxy: options.trustProxy,
    studio: options.studio,
    logLevel: options.logLevel ?? 'error',
    limits: { maxPixels, maxSteps, maxQueued, maxJobsPerClient },
  })
  try {
    const address = await server.listen({ host: options.host, port: options.port })
    print(address)
    printAside(`serving ${Object.keys(pipelines).join(', ')}; ${address}/openapi describes the requests`)
    await toldToEnd()
    printAside('closing')
  } finally {
    await server.close()
    await expiry.close()
    await queue.close()
    await results.close()
    for (const pipe of Object.values(pipelines)) pipe.dispose()
    if (options.results === undefined) await rm(place, { recursive: true, force: true })
  }
}

/** @throws UnfitOptionError for options that exclude or need each other */
function checkQueueOptions({ redis, prefix, queueFile, results }: ServeOptions): void {
  if (redis === undefined) {
    if (prefix !== undefined)
      throw new UnfitOptionError('--prefix', 'names keys on Redis. Pass --redis URL, or leave it out.')
    return
  }
  if (queueFile !== undefined) {
    throw new UnfitOptionError('--queue-file', 'the jobs are kept on Redis. Pass --redis or --queue-file, not both.')
  }
  if (results === undefined) {
    const problem =
      'workers on Redis write pictures to a place that the server reads. Pass a folder that both reach, or s3://bucket/prefix.'
    throw new UnfitOptionError('--results', problem)
  }
}

/** The keys in a file, one on each line; empty lines and lines with # are comments. @throws UnfitOptionError for a file without keys */
async function readKeys(file: string | undefined): Promise<string[]> {
  if (file === undefined) return []
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    throw new UnfitOptionError('--api-key-file', `the file cannot be read: ${(cause as Error).message}`)
  }
  const keys = text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
  // Otherwise a typing error would open the server.
  if (keys.length === 0) throw new UnfitOptionError('--api-key-file', 'the file holds no keys: write one on each line')
  return keys
}
