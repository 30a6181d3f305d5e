/** The `pipelines` area: whole runs of complete checkpoints. Each run of a case is counted on its own. */
import { StableDiffusionTextToImageBlocks } from '../../../blocks'
import * as tf from '../../../components/tensors/tf'
import '../../../components'
import { Generator } from '../../../components/random/generator'
import { SchedulerMixin } from '../../../components/schedulers/scheduler-mixin'
import { UnknownSchedulerError } from '../../../components/schedulers/unknown-scheduler-error'
import {
  ComponentLoadError,
  type ModularPipeline,
  mapKeys,
  type PipelineEvent,
  type PipelineState,
  toCamelCase,
} from '../../../src'
import { expectClose, GoldenMismatch, type PlainTensor } from '../compare'
import { type GoldenCase, type Json, type Tolerance, UnsupportedGoldenError } from '../golden-case'
import { toChannelsFirst } from '../layout'

const LATENTS: Tolerance = { atol: 1e-3, rtol: 1e-3 }
const IMAGE: Tolerance = { atol: 2e-3, rtol: 0 }

interface RecordedRun {
  name: string
  kind: string
  scheduler: { class: string; config: Json }
  generator_seed: number
  arguments: Json
  tensors: Record<string, { tensor: string }>
}

/** Names of the runs of a case. */
export function pipelineRuns(json: Json): readonly string[] {
  return (json.runs as RecordedRun[]).map(run => run.name)
}

/** Checks one run: prompt embeddings, the latents after each step, the image. */
export async function checkPipelineRun(golden: GoldenCase, name: string): Promise<void> {
  const run = (golden.json.runs as RecordedRun[]).find(recorded => recorded.name === name) as RecordedRun
  if (golden.json.pipeline_class !== 'StableDiffusionPipeline')
    throw new UnsupportedGoldenError(`the ${golden.json.pipeline_class}`)
  if (run.kind !== 'text2img') throw new UnsupportedGoldenError(`runs of the kind ${run.kind}`)
  const pipe = new StableDiffusionTextToImageBlocks().initPipeline(golden.folder)
  try {
    // The case's own scheduler is put in the place of the checkpoint's, whichever that is.
    pipe.updateComponents({ scheduler: makeScheduler(run) })
    await pipe.loadComponents()
    await checkRun(golden, run, pipe)
  } catch (error) {
    if (error instanceof ComponentLoadError) throw [...error.failures.values()][0]
    throw error
  } finally {
    pipe.dispose()
  }
}

function makeScheduler({ scheduler }: RecordedRun): SchedulerMixin {
  try {
    return SchedulerMixin.fromConfig({ ...scheduler.config, _class_name: scheduler.class })
  } catch (error) {
    if (error instanceof UnknownSchedulerError) throw new UnsupportedGoldenError(`the scheduler ${scheduler.class}`)
    throw error
  }
}

async function checkRun(golden: GoldenCase, run: RecordedRun, pipe: ModularPipeline): Promise<void> {
  const { guidance_scale: guidanceScale = 7.5, guidance_rescale: guidanceRescale = 0, ...rest } = run.arguments
  // Up to 1, the reference runs without guidance.
  const scale = Math.max(1, guidanceScale as number)
  const inputs = {
    ...mapKeys(rest, toCamelCase),
    guidanceScale: scale,
    guidanceRescale,
    generator: new Generator(run.generator_seed),
  }
  const seen: { latents: PlainTensor }[] = []
  const onEvent = (event: PipelineEvent) => {
    if (event.type === 'loopStep') seen.push({ latents: toChannelsFirst(event.state.latents as tf.Tensor4D) })
  }
  const state = await pipe({ ...inputs, outputType: 'tensor' }, { onEvent })
  try {
    const check = async (name: string, got: PlainTensor | undefined, tolerance: Tolerance) => {
      const recorded = run.tensors[name]
      if (recorded === undefined) return
      if (got === undefined) throw new GoldenMismatch(name, 'a value', 'nothing')
      expectClose(name, got, await golden.tensor(recorded.tensor), tolerance)
    }
    const latents = golden.tolerance(LATENTS, 'latents')
    await check('prompt_embeds', numbersOf(state, 'promptEmbeds'), latents)
    await check('negative_prompt_embeds', numbersOf(state, 'negativePromptEmbeds'), latents)
    const steps = state.at<number[]>('timesteps')
    await check('timesteps', { shape: [steps.length], values: steps }, { atol: 1e-4, rtol: 0 })
    for (const [i, step] of seen.entries()) await check(`latents_after.${i}`, step.latents, latents)
    await check('image', numbersOf(state, 'images'), golden.tolerance(IMAGE, 'image'))
  } finally {
    tf.dispose([...state.values.values()].filter(value => value instanceof tf.Tensor))
  }
}

/** A tensor of the state, in its own layout: images are recorded with their channels last. */
function numbersOf(state: PipelineState, name: string): PlainTensor | undefined {
  const value = state.get<tf.Tensor | undefined>(name)
  return value && { shape: value.shape, values: value.dataSync() }
}
