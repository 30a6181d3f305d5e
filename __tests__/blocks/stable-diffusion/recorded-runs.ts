/** Pictures that the reference drew with the emoji model. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type * as tf from '@tensorflow/tfjs'
import {
  Image,
  type ModularPipeline,
  type PipelineEvent,
  resolveScheduler,
  StableDiffusionTextToImageBlocks,
  VaeImageProcessor,
} from '../../../index'
import { expectClose } from '../../../testing/goldens/compare'
import { toChannelsFirst } from '../../../testing/goldens/layout'
import { greyLevels } from '../../components/images/grey-levels'
import { entryOf, readTensors } from '../read-tensors'
import { type EmojiModel, emojiFolder } from '../use-emoji-model'

/** A run of the emoji model that was recorded in PyTorch. */
export interface RecordedRun {
  prompt: string
  negative_prompt: string
  seed: number
  scheduler: string
  steps: number
  guidance: number
  height: number
  width: number
  image: string
  tensors: string
}

/** All runs that were recorded. */
export const recordedRuns = JSON.parse(
  readFileSync(join(emojiFolder, 'reference', 'runs.json'), 'utf8'),
) as RecordedRun[]

function inputsOf(run: RecordedRun): Record<string, unknown> {
  const {
    prompt,
    negative_prompt: negativePrompt,
    steps: numInferenceSteps,
    guidance: guidanceScale,
    height,
    width,
  } = run
  return { prompt, negativePrompt, numInferenceSteps, guidanceScale, height, width }
}

/** The scheduler of a run, made from the settings of the model's own. */
function pipelineFor(emoji: EmojiModel, run: RecordedRun): ModularPipeline {
  const scheduler = resolveScheduler(run.scheduler).make(emoji.scheduler.config)
  return emoji.pipelineOf(new StableDiffusionTextToImageBlocks(), { scheduler })
}

/** Draws the picture of a run, and compares the embeddings, the latents after each step and the picture. */
export async function expectRecordedRun(emoji: EmojiModel, run: RecordedRun): Promise<void> {
  const recorded = await readTensors(join(emojiFolder, 'reference', run.tensors))
  const tolerance = { atol: 1e-3, rtol: 1e-3 }
  // Rounding of one step (1e-6) grows up to twofold with each step, and each processor rounds in its own way. So the first steps must agree closely.
  const latentsTolerance = (step: number) => ({ atol: step < 8 ? 1e-4 : 5e-3, rtol: 1e-3 })
  let steps = 0
  const onEvent = (event: PipelineEvent) => {
    if (event.type !== 'loopStep') return
    const { latents, promptEmbeds, negativePromptEmbeds } = event.state as Record<string, tf.Tensor | undefined>
    if (steps === 0) {
      expectClose('prompt_embeds', plain(promptEmbeds), recorded('prompt_embeds'), tolerance)
      if (run.guidance > 1)
        expectClose(
          'negative_prompt_embeds',
          plain(negativePromptEmbeds),
          recorded('negative_prompt_embeds'),
          tolerance,
        )
    }
    expectClose(
      `latents after step ${steps}`,
      toChannelsFirst(latents as tf.Tensor),
      entryOf(recorded('latents_by_step'), steps),
      latentsTolerance(steps),
    )
    steps++
  }
  const options = { output: 'images', seed: run.seed, onEvent }
  const pixels = await pipelineFor(emoji, run)<tf.Tensor4D>({ ...inputsOf(run), outputType: 'tensor' }, options)
  expect(steps).toBe(run.steps)
  const [image] = await new VaeImageProcessor({ doNormalize: false }).postprocess(pixels, { outputType: 'image' })
  const expected = { ...recorded('image'), shape: [1, ...recorded('image').shape] }
  // One grey level.
  expectClose('image', toChannelsFirst(pixels), expected, { atol: 1 / 255, rtol: 0 })
  pixels.dispose()
  const reference = await Image.load(join(emojiFolder, 'reference', run.image))
  expect(greyLevels(image as Image, reference)).toBeLessThanOrEqual(1)
}

function plain(tensor: tf.Tensor | undefined): { shape: readonly number[]; values: ArrayLike<number> } {
  if (tensor === undefined) throw new Error('The value is not there.')
  return { shape: tensor.shape, values: tensor.dataSync() }
}
