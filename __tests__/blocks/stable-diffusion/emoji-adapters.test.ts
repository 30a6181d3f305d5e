/** The adapters of the emoji model end in the reference's latents, and leave nothing behind: its LoRA, its ControlNet and its textual inversion. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type * as tf from '@tensorflow/tfjs'
import {
  ControlNet,
  type Image,
  loadImage,
  loadLoraWeights,
  loadTextualInversion,
  type ModularPipeline,
  StableDiffusionAutoBlocks,
  setAdapters,
  unloadLoraWeights,
  unloadTextualInversion,
} from '../../../index'
import { expectClose } from '../../../testing/goldens/compare'
import { toChannelsFirst } from '../../../testing/goldens/layout'
import { type RecordedTensors, readTensors } from '../read-tensors'
import { emojiFolder, useEmojiModel } from '../use-emoji-model'

interface AdapterRun {
  name: string
  prompt: string
  seed: number
  num_inference_steps: number
  guidance_scale: number
  adapter: { lora?: number; controlnet?: number; textual_inversion?: string }
}

const folder = join(__dirname, '..', '..', 'goldens', 'emoji-adapters')
const runs = JSON.parse(readFileSync(join(folder, 'runs.json'), 'utf8')) as AdapterRun[]
const lora = { subfolder: 'adapters', weightName: 'delft-lora.safetensors', adapterName: 'delft' }
const inversion = { subfolder: 'adapters', weightName: 'silver-embedding.safetensors' }

let recorded: RecordedTensors
beforeAll(async () => {
  recorded = await readTensors(join(folder, 'latents.safetensors'))
})

/** Puts the adapter of a run on a pipeline; returns further inputs of the run, and what removes it. */
async function putAdapter(
  pipe: ModularPipeline,
  { adapter }: AdapterRun,
): Promise<{ inputs: object; remove: () => void }> {
  if (adapter.lora !== undefined) {
    setAdapters(pipe, await loadLoraWeights(pipe, emojiFolder, lora), adapter.lora)
    return { inputs: {}, remove: () => unloadLoraWeights(pipe) }
  }
  if (adapter.textual_inversion !== undefined) {
    expect(await loadTextualInversion(pipe, emojiFolder, inversion)).toBe(adapter.textual_inversion)
    return { inputs: {}, remove: () => unloadTextualInversion(pipe) }
  }
  const controlnet = await ControlNet.fromPretrained(emojiFolder, { subfolder: 'adapters/outline-controlnet' })
  pipe.updateComponents({ controlnet })
  const controlImage = await loadImage(join(folder, 'outline.png'))
  const remove = () => {
    pipe.updateComponents({ controlnet: null })
    controlnet.dispose()
  }
  return { inputs: { controlImage, controlnetConditioningScale: adapter.controlnet }, remove }
}

describe.each(['graph', 'eager'] as const)('with the executor %s', executor => {
  const emoji = useEmojiModel(executor)

  test.each(runs)('$name', async run => {
    const { name, prompt, seed, num_inference_steps: numInferenceSteps, guidance_scale: guidanceScale } = run
    const pipe = emoji.pipelineOf(new StableDiffusionAutoBlocks())
    const shared = { prompt, numInferenceSteps, guidanceScale }
    const draw = async () => {
      // The pipeline without the word warns that the model does not know it.
      const [image] = await pipe<Image[]>(shared, { output: 'images', seed, onEvent: () => undefined })
      return (image as Image).data
    }
    const before = await draw()
    const { inputs, remove } = await putAdapter(pipe, run)
    const latents = await pipe<tf.Tensor4D>({ ...shared, ...inputs }, { output: 'latents', seed })
    const got = toChannelsFirst(latents)
    latents.dispose()
    expectClose(name, got, recorded(name), { atol: 1e-3, rtol: 1e-3 })
    remove()
    expect(await draw()).toEqual(before)
  })
})
