/** The `pipelines` area: whole runs of complete checkpoints. Each run of a case is counted on its own. */
import type { Image } from '../../../components/images/image'
import { ControlNetModel } from '../../../components/models/controlnet/controlnet-model'
import { MultiControlNetModel } from '../../../components/models/controlnet/multi-controlnet-model'
import * as tf from '../../../components/tensors/tf'
import { isPlainObject } from '../../../src/format/plain-object'
import '../../../components'
import {
  ComponentLoadError,
  ComponentSpec,
  type ModularPipeline,
  type PipelineEvent,
  type PipelineState,
} from '../../../src'
import { expectClose, GoldenMismatch, type PlainTensor } from '../compare'
import { type GoldenCase, type GoldenTensor, type Json, type Tolerance } from '../golden-case'
import { toChannelsFirst } from '../layout'
import { applySteps } from './adapter-setup'
import { checkModularPart, isModularPart, modularParts } from './modular-runs'
import { inputsOf, type RecordedRun, recordedRuns, schedulerOf } from './pipeline-runs'
import { type RunSetup, setupOf } from './pipeline-setup'

const LATENTS: Tolerance = { atol: 1e-3, rtol: 1e-3 }
const IMAGE: Tolerance = { atol: 2e-3, rtol: 0 }

/** Names of the runs of a case, and of what it says of modular pipelines. */
export function pipelineRuns(json: Json): readonly string[] {
  return [...recordedRuns(json).map(run => run.name), ...modularParts(json)]
}

/** Checks one run: prompt embeddings, the latents after each step, the image. */
export async function checkPipelineRun(golden: GoldenCase, name: string): Promise<void> {
  if (isModularPart(name)) return checkModularPart(golden, name, (run, setup) => drawRun(golden, run, setup))
  const run = recordedRuns(golden.json).find(recorded => recorded.name === name) as RecordedRun
  await drawRun(golden, run, setupOf(golden, run))
}

/** Draws a run, and compares it with what was recorded. */
async function drawRun(golden: GoldenCase, run: RecordedRun, setup: RunSetup): Promise<void> {
  const { blocks, components = {} } = setup
  const pipe = blocks.initPipeline(golden.folder)
  let controlnet: MultiControlNetModel | undefined
  try {
    // The case's own scheduler is put in the place of the checkpoint's, whichever that is, and corrected as the checkpoint's would be.
    const scheduler = schedulerOf(run)
    if (setup.correctsScheduler) blocks.afterLoad.scheduler?.(scheduler as never, run.name, () => undefined)
    controlnet = await severalControlNets(golden, setup)
    // By specs of their own: the class that the index names for a component need not be that of the folder.
    const placed = Object.entries(setup.folders).map(([name, subfolder]) => [
      name,
      new ComponentSpec({ name, pretrainedModelNameOrPath: golden.folder, subfolder }),
    ])
    pipe.updateComponents({
      scheduler,
      ...Object.fromEntries(placed),
      ...(controlnet && { controlnet }),
      ...components,
    })
    // Of an optional component that the index leaves out, no place is known.
    const isPlaced = (name: string) => pipe.getComponentSpec(name)?.pretrainedModelNameOrPath !== undefined
    const names = pipe.pretrainedComponentNames.filter(
      name => isPlaced(name) && !setup.leftOut.includes(name) && name !== 'scheduler',
    )
    await pipe.loadComponents({ names })
    pipe.updateComponents(Object.fromEntries(setup.leftOut.map(name => [name, null])))
    pipe.registerToConfig(setup.settings)
    await applySteps(pipe, run.setup ?? [], golden)
    await checkRun(golden, run, pipe, setup)
  } catch (error) {
    if (error instanceof ComponentLoadError) throw [...error.failures.values()][0]
    throw error
  } finally {
    pipe.dispose()
    controlnet?.dispose()
  }
}

/** The ControlNets of a run with several. */
async function severalControlNets(golden: GoldenCase, { controlnets }: RunSetup) {
  if (controlnets.length === 0) return undefined
  const load = (subfolder: string) => ControlNetModel.fromPretrained(golden.folder, { subfolder })
  return new MultiControlNetModel(await Promise.all(controlnets.map(load)))
}

async function checkRun(
  golden: GoldenCase,
  run: RecordedRun,
  pipe: ModularPipeline,
  { inputs: defaults, renamed }: RunSetup,
): Promise<void> {
  const recorded = Object.entries(await inputsOf(golden, run))
  const inputs = Object.fromEntries(recorded.map(([name, value]) => [renamed[name] ?? name, value]))
  const seen: { latents: PlainTensor }[] = []
  const onEvent = (event: PipelineEvent) => {
    if (event.type === 'loopStep') seen.push({ latents: toChannelsFirst(event.state.latents as tf.Tensor4D) })
  }
  const outputType = run.output_type === 'latent' ? {} : { outputType: run.output_type === 'pil' ? 'image' : 'tensor' }
  let state: PipelineState | undefined
  try {
    state = (await pipe({ ...defaults, ...inputs, ...outputType }, { onEvent })) as PipelineState
    const check = async (name: string, got: PlainTensor | undefined, tolerance: Tolerance) => {
      const recorded = run.tensors[name]
      if (recorded === undefined) return
      if (got === undefined) throw new GoldenMismatch(name, 'a value', 'nothing')
      expectClose(name, got, await golden.tensor(recorded.tensor), tolerance)
    }
    const latents = golden.tolerance(LATENTS, 'latents')
    await check('prompt_embeds', numbersOf(state, 'promptEmbeds'), latents)
    await check('negative_prompt_embeds', numbersOf(state, 'negativePromptEmbeds'), latents)
    await check('pooled_prompt_embeds', numbersOf(state, 'pooledPromptEmbeds'), latents)
    await check('negative_pooled_prompt_embeds', numbersOf(state, 'negativePooledPromptEmbeds'), latents)
    const steps = state.at<number[]>('timesteps')
    await check('timesteps', { shape: [steps.length], values: steps }, { atol: 1e-4, rtol: 0 })
    const recordedSteps = Object.keys(run.tensors).filter(name => name.startsWith('latents_after.')).length
    if (recordedSteps > 0 && seen.length !== recordedSteps)
      throw new GoldenMismatch('steps', String(recordedSteps), String(seen.length))
    for (const [i, step] of seen.entries()) await check(`latents_after.${i}`, step.latents, latents)
    await check('latents', seen.at(-1)?.latents, latents)
    await checkImages(golden, run, state)
  } finally {
    tf.dispose([...(state?.values.values() ?? []), ...Object.values(inputs)].flatMap(tensorsIn))
  }
}

/** The tensors of a value: itself, or those in its lists and plain objects. */
function tensorsIn(value: unknown): tf.Tensor[] {
  if (value instanceof tf.Tensor) return [value]
  if (Array.isArray(value)) return value.flatMap(tensorsIn)
  return isPlainObject(value) ? Object.values(value).flatMap(tensorsIn) : []
}

/** Compares pictures, which are recorded as numbers from 0 to 1, as bytes, or one by one. */
async function checkImages(golden: GoldenCase, run: RecordedRun, state: PipelineState): Promise<void> {
  const tolerance = golden.tolerance(IMAGE, 'image')
  for (const [name, { tensor }] of Object.entries(run.tensors)) {
    const [, index] = /^image(?:\.(\d+))?$/.exec(name) ?? []
    if (name !== 'image' && index === undefined) continue
    const recorded = await golden.tensor(tensor)
    const got = index === undefined ? numbersOf(state, 'images') : bytesOf(state.at<Image[]>('images')[Number(index)])
    if (got === undefined) throw new GoldenMismatch(name, 'a picture', 'nothing')
    expectClose(name, inUnitOf(recorded, got), recorded, tolerance)
  }
}

/** Numbers from 0 to 1 as bytes, if bytes are recorded. */
function inUnitOf({ dtype }: GoldenTensor, { shape, values }: PlainTensor): PlainTensor {
  const isScaled = dtype !== 'U8' || !(values instanceof Float32Array)
  return isScaled ? { shape, values } : { shape, values: values.map(value => Math.round(value * 255)) }
}

/** A tensor of the state, in its own layout: images are recorded with their channels last. */
function numbersOf(state: PipelineState, name: string): PlainTensor | undefined {
  const value = state.get<tf.Tensor | undefined>(name)
  return value && { shape: value.shape, values: value.dataSync() }
}

function bytesOf(image: Image | undefined): PlainTensor | undefined {
  return image && { shape: [image.height, image.width, image.channels], values: [...image.data] }
}
