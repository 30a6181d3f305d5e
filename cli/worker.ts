/** `tesserae worker`: runs the jobs of a queue on Redis, beside as many others as wanted. */
import type { SelectExecutorOptions } from '../components'
import { createWorker, openPipelineSource, openQueue, openResultStore } from '../server'
import { requireLoraDir } from './lora-dir'
import { type ModelSourceOptions, modelSources } from './model-sources'
import { print, printAside } from './print'
import { toldToEnd } from './told-to-end'

/** Options of the command, as commander gives them. */
export interface WorkerCommandOptions extends ModelSourceOptions, SelectExecutorOptions {
  redis: string
  prefix?: string
  /** Folder, or `s3://bucket/prefix`. */
  results: string
  /** Milliseconds for which the events of ended jobs are kept. */
  keep?: number
  name?: string
  memoryLimit?: number
  /** Waiting jobs that are drawn together. */
  batch?: number
  /** Folder with the LoRAs that prompts name. */
  loraDir?: string
  /** Jobs after which the process that runs them is replaced. */
  maxJobs?: number
  /** Bytes of memory after which it is replaced. */
  maxMemory?: number
  /** Seconds between two saved states of a run. */
  saveEvery?: number
  /** Lets the running job end at a signal, instead of giving it back. */
  finish?: boolean
}

/** Works until the process is told to end. The running job then goes back to the queue, with its state. */
export async function work(options: WorkerCommandOptions): Promise<void> {
  const { redis, prefix, name, memoryLimit, maxJobs, maxMemory, saveEvery, executor, provider, threads } = options
  await requireLoraDir(options.loraDir)
  const sources = modelSources(options)
  // A model that is missing is reported before the first job.
  for (const source of Object.values(sources)) (await openPipelineSource(source)).dispose()
  const results = openResultStore(options.results)
  await results.check()
  const queue = await openQueue({ redis, prefix, retention: options.keep })
  const worker = createWorker({
    queue,
    results,
    pipelines: sources,
    name,
    memoryLimit,
    batch: options.batch,
    loraDir: options.loraDir,
    maxJobs,
    maxMemory,
    executor: { ...(executor && { executor }), ...(provider && { provider }), ...(threads && { threads }) },
    checkpoints: { ...(saveEvery !== undefined && { interval: 1000 * saveEvery }) },
    onProblem: (problem, error) => printAside(`warning: ${problem}${error ? `: ${(error as Error).message}` : ''}`),
  })
  print(worker.name)
  printAside(`working on ${Object.keys(sources).join(', ')}`)
  try {
    await toldToEnd()
    printAside('closing')
  } finally {
    await worker.close({ finish: options.finish ?? false })
    await queue.close()
    await results.close()
  }
}
