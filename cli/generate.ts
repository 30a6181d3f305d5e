/** `tesserae generate`: from words to a picture file. */

import { randomInt } from 'node:crypto'
import { existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { type BackendSelection, selectBackend } from '../components/backends/select-backend'
import { readConfig } from '../components/configs/read-config'
import type { Executor } from '../components/executors/executor'
import type { ExecutionProvider } from '../components/executors/graph/graph-executor'
import { type ExecutorName, type ExecutorSelection, selectExecutor } from '../components/executors/select-executor'
import { makeGuider } from '../components/guiders/guider-names'
import { InvalidRepositoryNameError } from '../components/hub/hub-errors'
import type { Image } from '../components/images/image'
import { loadSharp } from '../components/images/load-sharp'
import { InvalidSeedError } from '../components/random/invalid-seed-error'
import { SCHEDULER_CONFIG_NAME } from '../components/schedulers/scheduler-mixin'
import { resolveScheduler } from '../components/schedulers/scheduler-names'
import type { DownloadProgress, EventListener, PipelineEvent } from '../src'
import { classNameOf } from '../src/format/class-name'
import { isRepositoryId, resolveRepository } from '../src/hub/repository-resolver'
import { type Seed, seedAfter } from '../src/params/seed'
import { callInputs, type DrawingInputs, type DrawingOptions, requireComponent } from './call-inputs'
import type { GenerationRecord } from './generation-record'
import { abortOnInterrupt } from './interrupt'
import { type AnyPipeline, openPipeline } from './open-pipeline'
import { type OutputFiles, outputFiles, requireFolder, STANDARD_OUTPUT, saveAll } from './output-files'
import { PreviewFile, type PreviewFileOptions } from './preview-file'
import { print, printAside } from './print'
import { ProgressDisplay } from './progress-display'
import { type PictureSources, pictureName, readPictures } from './read-pictures'

/** Options of the command, as commander gives them. */
export interface GenerateOptions extends DrawingOptions, PictureSources, PreviewFileOptions {
  model: string
  revision?: string
  trustRemoteCode?: boolean
  offline?: boolean
  guider?: string
  seed?: Seed
  scheduler?: string
  count: number
  out?: string
  backend: 'auto' | BackendSelection['name']
  executor?: ExecutorName
  provider?: ExecutionProvider
  threads?: number
  json?: boolean
  /** Stops at the first block that makes NaN or infinity. */
  checkNumerics?: boolean
  /** `false` to leave pictures unchecked. */
  safetyChecker?: boolean
  version: string
}

/** Milliseconds of each part of the work. */
type Timings = Record<'backend' | 'load' | 'generate' | 'save' | 'total', number>

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
  await requireFolder(files.pictures[0])
  const previews = await PreviewFile.open(options)
  const progress = new ProgressDisplay(options.json ? undefined : process.stderr)
  const { signal, release } = abortOnInterrupt(() => progress.end())
  try {
    const pictures = await timed('load', () => readPictures(options, signal))
    const { executor, warning } = await timed('backend', () => chooseExecutor(options))
    const pipe = await timed('load', () => openModel(options, signal, progress))
    try {
      // Before the weights are read.
      const inputs = callInputs(pipe, prompt, options, pictures)
      await timed('load', () => loadComponents(pipe, options, executor, signal, progress))
      progress.end()
      const images: Image[] = []
      for (const [i, seed] of seeds.entries()) {
        progress.begin(options.count > 1 ? `picture ${i + 1} of ${options.count}` : 'drawing')
        const onEvent = (event: PipelineEvent) => {
          progress.show(event)
          // The library that writes pictures loads while the models compute.
          if (event.type === 'loopStep' && event.step === 1) loadSharp()
          return event.type === 'preview' ? previews?.show(event) : undefined
        }
        images.push(await timed('generate', () => drawOne(pipe, inputs, seed, options, signal, onEvent)))
      }
      progress.end()
      const record = (i: number): GenerationRecord =>
        describeRun(inputs, seeds[i] as Seed, options, pipe, executor, images[i] as Image)
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

/** How repositories are asked for. */
function repositoryOptions({ offline }: GenerateOptions, signal: AbortSignal, progress: ProgressDisplay) {
  return {
    ...(offline && { localFilesOnly: true }),
    signal,
    onProgress: (download: DownloadProgress) => progress.showDownload(download),
  }
}

/** The pipeline of the model, without components that are loaded. */
async function openModel(
  options: GenerateOptions,
  signal: AbortSignal,
  progress: ProgressDisplay,
): Promise<AnyPipeline> {
  // A name that nothing has is reported before anything is asked for.
  if (options.guider !== undefined) makeGuider(options.guider)
  if (options.scheduler !== undefined) resolveScheduler(options.scheduler)
  const { model, revision, trustRemoteCode } = options
  // That of code is a checksum.
  if (revision !== undefined && !trustRemoteCode && existsSync(model)) {
    const problem =
      'is a folder here, which has no revisions. Leave out --revision, or name a repository such as org/name.'
    throw new InvalidRepositoryNameError(model, problem)
  }
  const repository = repositoryOptions(options, signal, progress)
  return openPipeline(model, model, { ...repository, revision, trustRemoteCode, byComponents: true })
}

async function loadComponents(
  pipe: AnyPipeline,
  options: GenerateOptions,
  executor: Executor,
  signal: AbortSignal,
  progress: ProgressDisplay,
): Promise<void> {
  const repository = repositoryOptions(options, signal, progress)
  if (options.guider !== undefined) {
    requireComponent(pipe, '--guider', 'guider')
    pipe.updateComponents({ guider: makeGuider(options.guider) })
  }
  if (options.safetyChecker === false) {
    requireComponent(pipe, '--no-safety-checker', 'safetyChecker')
    pipe.updateComponents({ safetyChecker: null })
  }
  if (options.scheduler !== undefined) {
    const spec = requireComponent(pipe, '--scheduler', 'scheduler')
    // Only the settings of the model's own scheduler are needed: its class may be one that is not here.
    const { pretrainedModelNameOrPath: place = options.model, subfolder, revision } = spec
    const part = { subfolder, files: [SCHEDULER_CONFIG_NAME] }
    const folder = join(await resolveRepository(place, part, { ...repository, revision }), subfolder)
    const made = resolveScheduler(options.scheduler).make(await readConfig(folder, SCHEDULER_CONFIG_NAME))
    // The blocks correct it as they would the model's own.
    spec.afterLoad?.(made as never, folder, () => undefined)
    pipe.updateComponents({ scheduler: made })
  }
  // Each component knows the revision of its own repository.
  await pipe.loadComponents({ ...repository, executor })
}

async function drawOne(
  pipe: AnyPipeline,
  inputs: DrawingInputs,
  seed: Seed,
  options: GenerateOptions,
  signal: AbortSignal,
  onEvent: EventListener,
): Promise<Image> {
  const images = await pipe<Image[]>(
    { ...inputs },
    {
      output: 'images',
      seed,
      signal,
      onEvent,
      ...(options.checkNumerics && { checkNumerics: true }),
    },
  )
  return images[0] as Image
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
  inputs: DrawingInputs,
  seed: Seed,
  options: GenerateOptions,
  pipe: AnyPipeline,
  executor: Executor,
  image: Image,
): GenerationRecord {
  const { prompt, negativePrompt, prompt2, negativePrompt2, strength } = inputs
  const { numInferenceSteps: steps, guidanceScale: guidance } = inputs
  const { image: source, mask } = options
  const nameOf = (component: string) =>
    pipe.componentNames.includes(component) ? classNameOf(pipe.container.resolve(component)) : undefined
  return {
    prompt,
    negativePrompt,
    prompt2,
    negativePrompt2,
    image: source && pictureName(source),
    mask: mask && pictureName(mask),
    strength,
    seed: typeof seed === 'bigint' ? String(seed) : seed,
    steps,
    guidance,
    guider: options.guider ?? nameOf('guider'),
    scheduler: options.scheduler ?? nameOf('scheduler'),
    width: image.width,
    height: image.height,
    model: isRepositoryId(options.model) ? options.model : basename(resolve(options.model)),
    executor: executor.name,
    backend: executor.backend,
    version: options.version,
    ...(options.safetyChecker === false && { safetyChecker: false as const }),
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
