/** Whole runs of the emoji model under schedulers and guiders end in the reference's latents, its random numbers included. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type * as tf from '@tensorflow/tfjs'
import { BaseGuidance, SchedulerMixin, StableDiffusionTextToImageBlocks } from '../../../index'
import { expectClose } from '../../../testing/goldens/compare'
import { toChannelsFirst } from '../../../testing/goldens/layout'
import { type RecordedTensors, readTensors } from '../read-tensors'
import { useEmojiModel } from '../use-emoji-model'

interface Choice {
  class: string
  config: Readonly<Record<string, unknown>>
}

interface EmojiRun {
  name: string
  prompt: string
  seed: number
  num_inference_steps: number
  scheduler: Choice
  guider: Choice
}

const folder = join(__dirname, '..', '..', 'goldens', 'emoji-runs')
const runs = JSON.parse(readFileSync(join(folder, 'runs.json'), 'utf8')) as EmojiRun[]

const emoji = useEmojiModel('graph')
let recorded: RecordedTensors
beforeAll(async () => {
  recorded = await readTensors(join(folder, 'latents.safetensors'))
})

test.each(runs)('$name', async ({ name, prompt, seed, num_inference_steps: numInferenceSteps, ...made }) => {
  jest.spyOn(process, 'emitWarning').mockImplementation()
  const { class: _class_name, config } = made.scheduler
  const scheduler = SchedulerMixin.fromConfig({ ...emoji.scheduler.config, ...config, _class_name })
  const guider = BaseGuidance.fromConfig({ ...made.guider.config, _class_name: made.guider.class })
  const pipe = emoji.pipelineOf(new StableDiffusionTextToImageBlocks(), { scheduler, guider })
  const latents = await pipe<tf.Tensor4D>({ prompt, numInferenceSteps }, { output: 'latents', seed })
  const got = toChannelsFirst(latents)
  latents.dispose()
  expectClose(name, got, recorded(name), { atol: 1e-3, rtol: 1e-3 })
})
