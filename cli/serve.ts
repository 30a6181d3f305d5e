/** `tesserae serve`: pipelines as jobs over HTTP. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import {
  createServer,
  createWorker,
  EmbeddedQueue,
  FolderStore,
  isPipelineName,
  type ModelSource,
  openPipelineSource,
  type ServedPipeline,
  type ServerOptions,
} from '../server'
import { bundledModel } from '../src'
import { isRepositoryId } from '../src/hub/repository-resolver'
import { print, printAside } from './print'
import { UnfitOptionError } from './unfit-option-error'

/** Options of the command, as commander gives them. */
export interface ServeOptions {
  /** Models, each with a name before it if it has one: `apples=./my-model`. */
  model?: readonly string[]
  host?: string
  port?: number
  apiKeyFile?: string
  allowAnonymous?: boolean
  allowedHost?: readonly string[]
  allowedOrigin?: readonly string[]
  trustProxy?: boolean
  workers: number
  memoryLimit?: number
  offline?: boolean
  /** SQLite file for jobs that must outlive a restart. */
  queueFile?: string
  /** Folder for pictures. */
  results?: string
  maxPixels?: number
  maxSteps?: number
  maxQueued?: number
  maxJobsPerClient?: number
  logLevel?: NonNullable<ServerOptions['logLevel']>
}

/** Serves until the process is told to end. The running jobs then end, or go back to the queue if it has a file. */
export async function serve(options: ServeOptions): Promise<void> {
  const apiKeys = await readKeys(options.apiKeyFile)
  const sources = modelSources(options)
  const pipelines: Record<string, ServedPipeline> = {}
  for (const [name, source] of Object.entries(sources)) pipelines[name] = await openPipelineSource(source)

  const folder = options.results ?? (await mkdtemp(join(tmpdir(), 'tesserae-results-')))
  const results = new FolderStore(folder)
  const queue = new EmbeddedQueue({
    file: options.queueFile,
    onRemoved: ids => {
      for (const id of ids) results.removeJob(id).catch(error => printAside(`warning: ${(error as Error).message}`))
    },
  })
  const { memoryLimit, maxPixels, maxSteps, maxQueued, maxJobsPerClient } = options
  const workers = Array.from({ length: options.workers }, () =>
    createWorker({
      queue,
      results,
      pipelines: sources,
      memoryLimit,
      onProblem: (problem, error) => printAside(`warning: ${problem}${error ? `: ${(error as Error).message}` : ''}`),
    }),
  )
  const server = createServer({
    pipelines,
    queue,
    results,
    // What waits in memory alone would be lost if it went back.
    workers: workers.map(worker => ({ close: () => worker.close({ finish: options.queueFile === undefined }) })),
    apiKeys,
    allowedHosts: options.allowedHost,
    allowedOrigins: options.allowedOrigin,
    allowAnonymous: options.allowAnonymous,
    trustProxy: options.trustProxy,
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
    await queue.close()
    await results.close()
    for (const pipe of Object.values(pipelines)) pipe.dispose()
    if (options.results === undefined) await rm(folder, { recursive: true, force: true })
  }
}

/** Resolves at the first signal that ends a process; a second one ends it at once. */
function toldToEnd(): Promise<void> {
  return new Promise(resolve => {
    let isTold = false
    for (const name of ['SIGINT', 'SIGTERM'] as const) {
      process.on(name, () => {
        if (isTold) process.exit(name === 'SIGINT' ? 130 : 143)
        isTold = true
        resolve()
      })
    }
  })
}

/** The models by name. @throws UnfitOptionError for a name that is malformed, or given twice */
function modelSources({ model: models = [], offline }: ServeOptions): Record<string, ModelSource> {
  if (models.length === 0) return { emoji: { model: bundledModel('emoji') } }
  const sources: Record<string, ModelSource> = {}
  for (const text of models) {
    const [, given, model = ''] = /^(?:([^=/\\]+)=)?(.*)$/s.exec(text) ?? []
    const name = given ?? nameOf(model)
    if (!isPipelineName(name)) {
      const problem = `${JSON.stringify(name)} cannot name a pipeline: use letters, digits, ".", "_" and "-", as in --model apples=${model}`
      throw new UnfitOptionError('--model', problem)
    }
    if (Object.hasOwn(sources, name)) throw new UnfitOptionError('--model', `two models are named "${name}"`)
    sources[name] = { model, offline }
  }
  return sources
}

function nameOf(model: string): string {
  const last = isRepositoryId(model) ? model.split('/').at(-1) : basename(resolve(model))
  return (last ?? '').replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 64)
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
