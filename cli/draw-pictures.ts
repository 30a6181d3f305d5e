/** Runs the pipelines of `tesserae generate`, once for each picture. */

import { tf } from '../components'
import type { Executor } from '../components/executors/executor'
import type { Image } from '../components/images/image'
import { loadSharp } from '../components/images/load-sharp'
import type { CallOptions, PipelineEvent } from '../src'
import type { Seed } from '../src/params/seed'
import type { DrawingInputs, DrawingOptions } from './call-inputs'
import type { IPAdapterOptions } from './ip-adapters'
import type { LoadingAccess } from './load-model'
import type { ModelOptions } from './model-options'
import type { AnyPipeline } from './open-pipeline'
import type { PreviewFile } from './preview-file'
import { loadBase, loadRefiner, openHandOver, type RefinerOptions } from './refiner'
import type { T2IAdapterOptions } from './t2i-adapter'

/** The parts of the work that are timed. */
export type TimedPart = 'backend' | 'load' | 'generate' | 'save'

/** The options that drawing depends on. */
export interface DrawingRunOptions
  extends ModelOptions,
    DrawingOptions,
    IPAdapterOptions,
    RefinerOptions,
    T2IAdapterOptions {
  /** Stops at the first block that makes NaN or infinity. */
  checkNumerics?: boolean
}

/** What pictures are drawn with besides a pipeline and its inputs. */
export interface DrawingRun<O extends DrawingRunOptions = DrawingRunOptions> {
  /** One for each picture. */
  readonly seeds: readonly Seed[]
  readonly options: O
  readonly access: LoadingAccess
  readonly executor: Executor
  readonly previews: PreviewFile | undefined
  timed<T>(part: TimedPart, work: () => Promise<T>): Promise<T>
}

/** Draws a picture for each seed. `save` gets each one when it is drawn. */
export async function drawPictures(
  pipe: AnyPipeline,
  inputs: DrawingInputs,
  run: DrawingRun,
  save: (image: Image, i: number) => Promise<void>,
): Promise<void> {
  for (const [i, seed] of run.seeds.entries()) {
    begin(run, 'drawing', i)
    const [image] = await run.timed('generate', () => pipe<Image[]>({ ...inputs }, callOptions(run, 'images', seed)))
    await save(image as Image, i)
  }
}

/**
 * Draws the latents of all pictures with the base model, and then refines them: each model is loaded once, and both never take memory at once.
 *
 * @param whole the pipeline of the model, which is disposed
 * @param describe asked for the base pipeline before its components are released
 * @param save gets each picture when it is drawn, with the description
 */
export async function drawWithRefiner<S>(
  whole: AnyPipeline,
  inputs: DrawingInputs,
  prompt: string,
  run: DrawingRun<DrawingRunOptions & { refiner: string }>,
  describe: (base: AnyPipeline) => S,
  save: (image: Image, i: number, settings: S) => Promise<void>,
): Promise<void> {
  const { seeds, options, access, executor, timed } = run
  const pipes = await timed('load', () => openHandOver(whole, inputs, prompt, options, access))
  const { base, baseInputs, refiner, refinerInputs } = pipes
  const latents: tf.Tensor4D[] = []
  try {
    await timed('load', () => loadBase(pipes, options, executor, access))
    for (const [i, seed] of seeds.entries()) {
      begin(run, 'drawing', i)
      const call = () => base<tf.Tensor4D>({ ...baseInputs }, callOptions(run, 'latents', seed))
      latents.push(await timed('generate', call))
    }
    access.progress.end()
    const settings = describe(base)
    await timed('load', () => loadRefiner(pipes, options, executor, access))
    for (const [i, seed] of seeds.entries()) {
      begin(run, 'refining', i)
      const given = { ...refinerInputs, image: latents[i] }
      const [image] = await timed('generate', () => refiner<Image[]>(given, callOptions(run, 'images', seed)))
      await save(image as Image, i, settings)
    }
  } finally {
    tf.dispose(latents)
    base.dispose()
    refiner.dispose()
  }
}

/** Names what the progress is of. */
function begin({ seeds, access }: DrawingRun, work: 'drawing' | 'refining', i: number): void {
  const one = work === 'drawing' ? 'picture' : 'refining'
  access.progress.begin(seeds.length > 1 ? `${one} ${i + 1} of ${seeds.length}` : work)
}

function callOptions(
  { access: { progress, signal }, previews, options }: DrawingRun,
  output: 'images' | 'latents',
  seed: Seed,
): CallOptions & { output: string } {
  const onEvent = (event: PipelineEvent) => {
    progress.show(event)
    // The library that writes pictures loads while the models compute.
    if (event.type === 'loopStep' && event.step === 1) loadSharp()
    return event.type === 'preview' ? previews?.show(event) : undefined
  }
  return { output, seed, signal, onEvent, ...(options.checkNumerics && { checkNumerics: true }) }
}
