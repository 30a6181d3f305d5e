/** `tesserae generate`: from words to a picture file. */

import { randomInt } from 'node:crypto'
import { existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { correctScheduler } from '../blocks/stable-diffusion/component-corrections'
import { StableDiffusionTextToImageBlocks } from '../blocks/stable-diffusion/text-to-image-blocks'
import { type BackendSelection, selectBackend } from '../components/backends/select-backend'
import { readConfig } from '../components/configs/read-config'
import type { Executor } from '../components/executors/executor'
import type { ExecutionProvider } from '../components/executors/graph/graph-executor'
import { type ExecutorName, type ExecutorSelection, selectExecutor } from '../components/executors/select-executor'
import { makeGuider } from '../components/guiders/guider-names'
import { InvalidRepositoryNameError } from '../components/hub/hub-errors'
import type { Image } from '../components/images/image'
import '../components/hub/hub-resolver'
import { loadSharp } from '../components/images/load-sharp'
import { InvalidSeedError } from '../components/random/invalid-seed-error'
import { SCHEDULER_CONFIG_NAME } from '../components/schedulers/scheduler-mixin'
import { resolveScheduler } from '../components/schedulers/scheduler-names'
import type { DownloadProgress, ModularPipeline, PipelineEvent } from '../src'
import { classNameOf } from '../src/format/class-name'
import { fetchModelIndex, isRepositoryId, resolveRepository } from '../src/hub/repository-resolver'
import { type Seed, seedAfter } from '../src/params/seed'
import type { Size } from './arguments'
import type { GenerationRecord } from './generation-record'
import { abortOnInterrupt } from './interrupt'
import { type OutputFiles, outputFiles, requireFolder, STANDARD_OUTPUT, saveAll } from './output-files'
import { print, printAside } from './print'
import { ProgressDisplay } from './progress-display'
import { requireTextToImage } from './unknown-family'

/** Options of the command, as commander gives them. */
export interface GenerateOptions {
  model: string
  revision?: string
  offline?: boolean
  negative: string
  steps: number
  guidance?: number
  guider?: string
  seed?: Seed
  scheduler?: string
  count: number
  size?: Size
  out?: string
  backend: 'auto' | BackendSelection['name']
  executor?: ExecutorName
  provider?: ExecutionProvider
  threads?: number
  json?: boolean
  /** Stops at the first block that makes NaN or infinity. */
  checkNumerics?: boolean
  version: string
}

/** Milliseconds of each part of the work. */
type Timings = Record<'backend' | 'load' | 'generate' | 'save' | 'total', number>

/** How closely the prompt is followed where neither a scale nor a guider is given. */
const DEFAULT_GUIDANCE = 4

// PyTorch's seeds have 64 bits, of which its generator uses 32.
const LARGEST_SEED = 2 ** 32

/** Draws the pictures, writes them and says where they are. */
export async function generate(prompt: string, options: GenerateOptions): Promise<void> {
  const start = performance.now()
  const timings: Timings = { backend: 0, load: 0, generate: 0, save: 0, total: 0 }
  const timed = async <T>(part: keyof Timings, work: () => Promise<T>): Promise<T> => {
    const begin = performance.now()
    const result = await work()
    timings[part] += Math.round(performance.now() - begin)
    return result
  }

  const seeds = consecutiveSeeds(options.seed ?? randomInt(LARGEST_SEED), options.count)
  const files = outputFiles(prompt, seeds, options)
  await requireFolder(files)
  const progress = new ProgressDisplay(options.json ? undefined : process.stderr)
  const { signal, release } = abortOnInterrupt(() => progress.end())
  try {
    const { executor, warning } = await timed('backend', () => chooseExecutor(options))
    const pipe = await timed('load', () => loadPipeline(options, executor, signal, progress))
    progress.end()
    try {
      const images: Image[] = []
      for (const [i, seed] of seeds.entries()) {
        progress.begin(options.count > 1 ? `picture ${i + 1} of ${options.count}` : 'drawing')
        const onEvent = (event: PipelineEvent) => {
          progress.show(event)
          // The library that writes pictures loads while the models compute.
          if (event.type === 'loopStep' && event.step === 1) loadSharp()
        }
        images.push(await timed('generate', () => drawOne(pipe, prompt, seed, options, signal, onEvent)))
      }
      progress.end()
      const record = (i: number): GenerationRecord =>
        describeRun(prompt, seeds[i] as Seed, options, pipe, executor, images[i] as Image)
      await timed('save', () => saveAll(images, files, record))
      timings.total = Math.round(performance.now() - start)
      const warnings = [...(warning ? [warning] : []), ...progress.warnings]
      report(files, { prompt, seed: seeds[0] as Seed, options, executor, timings, record: record(0), warnings })
    } finally {
      pipe.dispose()
    }
  } finally {
    progress.end()
    release()
  }
}

/** A backend of TensorFlow.js that is asked for by name computes; nothing is asked for, and the fastest does. */
async function chooseExecutor({ backend, executor, provider, threads }: GenerateOptions): Promise<ExecutorSelection> {
  if (backend !== 'auto' || executor === 'eager') {
    await selectBackend({ backend, ...(threads !== undefined && { threads }) })
  }
  return selectExecutor({
    ...(executor !== undefined && { executor }),
    ...(provider !== undefined && { provider }),
    ...(threads !== undefined && { threads }),
  })
}

async function loadPipeline(
  options: GenerateOptions,
  executor: Executor,
  signal: AbortSignal,
  progress: ProgressDisplay,
): Promise<ModularPipeline> {
  const guider = options.guider === undefined ? undefined : makeGuider(options.guider)
  const scheduler = options.scheduler === undefined ? undefined : resolveScheduler(options.scheduler)
  const { model, revision } = options
  if (revision !== undefined && existsSync(model)) {
    const problem =
      'is a folder here, which has no revisions. Leave out --revision, or name a repository such as org/name.'
    throw new InvalidRepositoryNameError(model, problem)
  }
  const repository = {
    ...(options.offline && { localFilesOnly: true }),
    signal,
    onProgress: (download: DownloadProgress) => progress.showDownload(download),
  }
  await fetchModelIndex(model, { ...repository, revision })
  requireTextToImage(model, revision)
  const pipe = new StableDiffusionTextToImageBlocks().initPipeline(model, { revision })
  if (guider !== undefined) pipe.updateComponents({ guider })
  if (scheduler !== undefined) {
    // Only the settings of the model's own scheduler are needed: its class may be one that is not here.
    const { pretrainedModelNameOrPath: place = model, subfolder, revision } = pipe.getComponentSpec('scheduler') ?? {}
    const part = { subfolder, files: [SCHEDULER_CONFIG_NAME] }
    const folder = join(await resolveRepository(place, part, { ...repository, revision }), subfolder ?? '')
    const made = scheduler.make(await readConfig(folder, SCHEDULER_CONFIG_NAME))
    correctScheduler(made, folder)
    pipe.updateComponents({ scheduler: made })
  }
  // Each component knows the revision of its own repository.
  await pipe.loadComponents({ ...repository, executor })
  return pipe
}

async function drawOne(
  pipe: ModularPipeline,
  prompt: string,
  seed: Seed,
  options: GenerateOptions,
  signal: AbortSignal,
  onEvent: (event: PipelineEvent) => void,
): Promise<Image> {
  const images = await pipe<Image[]>(
    {
      prompt,
      negativePrompt: options.negative,
      numInferenceSteps: options.steps,
      guidanceScale: guidanceScale(options),
      ...options.size,
    },
    { output: 'images', seed, signal, onEvent, ...(options.checkNumerics && { checkNumerics: true }) },
  )
  return images[0] as Image
}

/** What is asked of the guider; `undefined` for a guider that keeps its own scale. */
function guidanceScale({ guidance, guider }: GenerateOptions): number | undefined {
  return guidance ?? (guider === undefined ? DEFAULT_GUIDANCE : undefined)
}

/** Returns the seeds of the pictures, each one more than the one before. @throws InvalidSeedError beyond the greatest seed */
function consecutiveSeeds(first: Seed, count: number): Seed[] {
  return Array.from({ length: count }, (_, i) => {
    const seed = seedAfter(first, i)
    if (seed === undefined) throw new InvalidSeedError(BigInt(first) + BigInt(i))
    return seed
  })
}

function describeRun(
  prompt: string,
  seed: Seed,
  options: GenerateOptions,
  pipe: ModularPipeline,
  executor: Executor,
  image: Image,
): GenerationRecord {
  return {
    prompt,
    negativePrompt: options.negative,
    seed: typeof seed === 'bigint' ? String(seed) : seed,
    steps: options.steps,
    guidance: guidanceScale(options),
    guider: options.guider ?? classNameOf(pipe.components.guider),
    scheduler: options.scheduler ?? classNameOf(pipe.components.scheduler),
    width: image.width,
    height: image.height,
    model: isRepositoryId(options.model) ? options.model : basename(resolve(options.model)),
    executor: executor.name,
    backend: executor.backend,
    version: options.version,
  }
}

interface Report {
  prompt: string
  seed: Seed
  options: GenerateOptions
  executor: Executor
  timings: Timings
  record: GenerationRecord
  warnings: readonly string[]
}

function report(files: OutputFiles, { seed, options, executor, timings, record, warnings }: Report): void {
  const paths = [...files.pictures, ...(files.grid ? [files.grid] : [])]
  if (options.json) {
    const { name, backend, device, version } = executor
    print(
      JSON.stringify(
        {
          files: paths,
          ...record,
          count: options.count,
          executor: { name, backend, device, version },
          timings,
          warnings,
        },
        null,
        2,
      ),
    )
    return
  }
  for (const warning of warnings) printAside(`warning: ${warning}`)
  console.error(`seed ${seed}, ${(timings.total / 1000).toFixed(1)} s on ${executor.backend} (${executor.device})`)
  for (const path of paths) if (path !== STANDARD_OUTPUT) print(path)
}
