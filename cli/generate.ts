/** `tesserae generate`: from words to a picture file. */

import { randomInt } from 'node:crypto'
import { type BackendSelection, selectBackend } from '../components/backends/select-backend'
import type { Executor } from '../components/executors/executor'
import type { ExecutionProvider } from '../components/executors/graph/graph-executor'
import { type ExecutorName, type ExecutorSelection, selectExecutor } from '../components/executors/select-executor'
import type { Image } from '../components/images/image'
import { InvalidSeedError } from '../components/random/invalid-seed-error'
import { classNameOf } from '../src/format/class-name'
import { type Seed, seedAfter } from '../src/params/seed'
import { callInputs, type DrawingInputs, type DrawingOptions, type GivenInputs } from './call-inputs'
import { type ControlOptions, controlName, readControls, useControlNets } from './controls'
import { type DrawingRun, drawPictures, drawWithRefiner, type TimedPart } from './draw-pictures'
import { embeddingNames } from './embeddings'
import type { GenerationRecord } from './generation-record'
import { abortOnInterrupt } from './interrupt'
import { type IPAdapterOptions, ipAdapterNames, readIpImages, useIpAdapters } from './ip-adapters'
import { type LoadingAccess, loadComponents, makeManager, openModel } from './load-model'
import { type LoraOptions, loraNames, takeLoras } from './loras'
import { type MeasurementOptions, Measurements } from './measurements'
import { modelName } from './model-name'
import type { ModelOptions } from './model-options'
import type { AnyPipeline } from './open-pipeline'
import { outputFiles, requireOtherFiles, requireWritable, STANDARD_OUTPUT, savePicture } from './output-files'
import { PictureGrid } from './picture-grid'
import { PreviewFile, type PreviewFileOptions } from './preview-file'
import { print, printAside } from './print'
import { type ProfileRow, profileTable } from './profile'
import { ProgressDisplay } from './progress-display'
import { type PictureSources, pictureName, readPictures } from './read-pictures'
import { DEFAULT_REFINER_START, type RefinerOptions } from './refiner'
import { readAdapterImage, type T2IAdapterOptions, useT2IAdapter } from './t2i-adapter'
import { withUsedStrength } from './used-strength'

/** Options of the command, as commander gives them. */
export interface GenerateOptions
  extends DrawingOptions,
    ControlOptions,
    IPAdapterOptions,
    MeasurementOptions,
    ModelOptions,
    PictureSources,
    PreviewFileOptions,
    RefinerOptions,
    T2IAdapterOptions,
    LoraOptions {
  seed?: Seed
  count: number
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
type Timings = Record<TimedPart | 'total', number>

// PyTorch's seeds have 64 bits, of which its generator uses 32.
const LARGEST_SEED = 2 ** 32

/** Draws the pictures, writes them and says where they are. */
export async function generate(words: string, given: GenerateOptions): Promise<void> {
  const start = performance.now()
  const { prompt, loras } = await takeLoras(words, given.loraDir)
  const options = { ...given, lora: [...(given.lora ?? []), ...loras] }
  const timings: Timings = { backend: 0, load: 0, generate: 0, save: 0, total: 0 }
  const timed = async <T>(part: TimedPart, work: () => Promise<T>): Promise<T> => {
    const begin = performance.now()
    const result = await work()
    timings[part] += Math.round(performance.now() - begin)
    return result
  }

  const seeds = consecutiveSeeds(options.seed ?? randomInt(LARGEST_SEED), options.count)
  const files = outputFiles(prompt, seeds, options)
  requireOtherFiles(options, files)
  for (const file of [...files.pictures, files.grid]) await requireWritable(file)
  const previews = await PreviewFile.open(options)
  const measurements = await Measurements.begin(options)
  const progress = new ProgressDisplay(options.json ? undefined : process.stderr)
  const records: GenerationRecord[] = []
  let isDone = false
  const endProgress = () => {
    progress.end()
    if (!isDone && seeds.length > 1 && records.length > 0) reportWritten(files.pictures, records.length)
  }
  const { signal, release } = abortOnInterrupt(endProgress)
  const manager = makeManager(options, progress)
  const access: LoadingAccess = { signal, progress, manager }
  try {
    const pictures = await timed('load', async () => ({
      ...(await readPictures(options, signal)),
      ...(await readControls(options, signal)),
      ...(await readIpImages(options, signal)),
      ...(await readAdapterImage(options, signal)),
    }))
    const { executor, warning } = await timed('backend', () => chooseExecutor(options))
    const run: DrawingRun = { seeds, options, access, executor, previews, timed }
    const recordOf = (image: Image, i: number, { inputs, components }: Settings): GenerationRecord =>
      describeRun(inputs, seeds[i] as Seed, options, components, executor, image)
    const grid = new PictureGrid(files.grid, seeds.length, message => progress.warn(message))
    // Each one when it is drawn: what ends the command later takes no picture away.
    await drawAll(prompt, pictures, run, async (image, i, settings) => {
      const record = recordOf(image, i, settings)
      await timed('save', () => savePicture(image, files.pictures[i] as string, record))
      records.push(record)
      grid.add(image)
    })
    progress.end()
    const record = records[0] as GenerationRecord // There is at least one picture.
    await timed('save', () => grid.save(record))
    timings.total = Math.round(performance.now() - start)
    const warnings = [...(warning ? [warning] : []), ...progress.warnings]
    const profile = options.profile ? measurements?.profile : undefined
    const paths = [...files.pictures, ...(grid.file === undefined ? [] : [grid.file])]
    report(paths, { seed: seeds[0] as Seed, options, executor, timings, record, warnings, profile })
    isDone = true
  } finally {
    manager?.dispose()
    endProgress()
    release()
    await measurements?.end().catch(error => {
      // What went wrong before counts more.
      if (isDone) throw error
      printAside(`warning: ${(error as Error).message}`)
    })
  }
}

/** What pictures are drawn with. */
interface Settings {
  /** With the strength that was used if none was given. */
  readonly inputs: DrawingInputs
  readonly components: ComponentNames
}

/** Opens the models, loads them and draws all pictures. `save` gets each one when it is drawn. */
async function drawAll(
  prompt: string,
  pictures: GivenInputs,
  run: DrawingRun,
  save: (image: Image, i: number, settings: Settings) => Promise<void>,
): Promise<void> {
  const { options, access, executor, timed } = run
  const pipe = await timed('load', () => openModel(options, access))
  try {
    // Before the weights are read.
    const inputs = callInputs(pipe, prompt, options, pictures)
    const told = withUsedStrength(pipe, inputs)
    const settingsOf = (drawing: AnyPipeline): Settings => ({ inputs: told, components: componentNames(drawing) })
    if (options.refiner !== undefined) {
      const both = { ...run, options: { ...options, refiner: options.refiner } }
      return await drawWithRefiner(pipe, inputs, prompt, both, settingsOf, save)
    }
    useT2IAdapter(pipe, options)
    const disposeControlNets = await timed('load', () => useControlNets(pipe, options, executor, access))
    try {
      await timed('load', () => loadComponents(pipe, options, executor, access))
      await timed('load', () => useIpAdapters(pipe, options, access.signal))
      const settings = settingsOf(pipe)
      await drawPictures(pipe, inputs, run, (image, i) => save(image, i, settings))
    } finally {
      disposeControlNets()
    }
  } finally {
    pipe.dispose()
  }
}

/** A backend of TensorFlow.js that is asked for by name computes; nothing is asked for, and the fastest does. */
async function chooseExecutor(options: GenerateOptions): Promise<ExecutorSelection> {
  const { backend, executor, provider, threads } = options
  const ofThreads = threads !== undefined && { threads }
  const isEager = backend !== 'auto' || executor === 'eager'
  if (isEager) await selectBackend({ backend, ...ofThreads })
  return selectExecutor({
    ...(executor !== undefined && { executor }),
    ...(provider !== undefined && { provider }),
    ...(!isEager && ofThreads),
  })
}

/** Returns the seeds of the pictures, each one more than the one before. @throws InvalidSeedError beyond the greatest seed */
function consecutiveSeeds(first: Seed, count: number): Seed[] {
  return Array.from({ length: count }, (_, i) => {
    const seed = seedAfter(first, i)
    if (seed === undefined) throw new InvalidSeedError(BigInt(first) + BigInt(i))
    return seed
  })
}

/** Names of the components that a record names. */
interface ComponentNames {
  readonly guider: string | undefined
  readonly scheduler: string | undefined
}

function componentNames(pipe: AnyPipeline): ComponentNames {
  const nameOf = (component: string) =>
    pipe.componentNames.includes(component) ? classNameOf(pipe.container.resolve(component)) : undefined
  return { guider: nameOf('guider'), scheduler: nameOf('scheduler') }
}

function describeRun(
  inputs: DrawingInputs,
  seed: Seed,
  options: GenerateOptions,
  components: ComponentNames,
  executor: Executor,
  image: Image,
): GenerationRecord {
  const { prompt, negativePrompt, prompt2, negativePrompt2, promptSyntax, strength } = inputs
  const { numInferenceSteps: steps, guidanceScale: guidance } = inputs
  const control = options.control?.map(controlName)
  const { image: source, mask, refiner, refinerStart = DEFAULT_REFINER_START } = options
  return {
    prompt,
    negativePrompt,
    prompt2,
    negativePrompt2,
    ...(promptSyntax && { promptSyntax }),
    image: source && pictureName(source),
    mask: mask && pictureName(mask),
    ...(control && { control }),
    ...ipAdapterNames(options),
    ...(options.t2iAdapter && { t2iAdapter: controlName(options.t2iAdapter) }),
    strength,
    seed: typeof seed === 'bigint' ? String(seed) : seed,
    steps,
    guidance,
    guider: options.guider ?? components.guider,
    scheduler: options.scheduler ?? components.scheduler,
    width: image.width,
    height: image.height,
    model: modelName(options.model),
    ...(options.unet !== undefined && { unet: modelName(options.unet) }),
    ...(options.lora?.length && { loras: loraNames(options.lora) }),
    ...(options.embedding && { embeddings: embeddingNames(options.embedding) }),
    ...(refiner !== undefined && { refiner: modelName(refiner), refinerStart }),
    executor: executor.name,
    backend: executor.backend,
    version: options.version,
    ...(options.safetyChecker === false && { safetyChecker: false as const }),
  }
}

interface Report {
  seed: Seed
  options: GenerateOptions
  executor: Executor
  timings: Timings
  record: GenerationRecord
  warnings: readonly string[]
  profile: readonly ProfileRow[] | undefined
}

/** Says what is there of pictures of which not all were drawn. */
function reportWritten(files: readonly string[], written: number): void {
  printAside(
    `${written} of ${files.length} pictures ${written === 1 ? 'was' : 'were'} written, the last one to ${files[written - 1]}.`,
  )
}

function report(
  paths: readonly string[],
  { seed, options, executor, timings, record, warnings, profile }: Report,
): void {
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
          ...(profile && { profile }),
        },
        null,
        2,
      ),
    )
    return
  }
  for (const warning of warnings) printAside(`warning: ${warning}`)
  if (profile) printAside(profileTable(profile))
  console.error(`seed ${seed}, ${(timings.total / 1000).toFixed(1)} s on ${executor.backend} (${executor.device})`)
  for (const path of paths) if (path !== STANDARD_OUTPUT) print(path)
}
