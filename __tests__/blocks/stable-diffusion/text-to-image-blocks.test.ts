import * as tf from '@tensorflow/tfjs'
import {
  Block,
  ClassifierFreeGuidance,
  Generator,
  Image,
  type In,
  type InOut,
  Input,
  ModularPipelineBlocks,
  type Out,
  Output,
  type PipelineEvent,
  resolveScheduler,
  StableDiffusionTextToImageBlocks,
  Step,
  schedulerNames,
  tensor,
} from '../../../index'
import { expectClose } from '../../../testing/goldens/compare'
import { take, useEmojiModel } from '../use-emoji-model'
import { expectRecordedRun, recordedRuns } from './recorded-runs'

const emoji = useEmojiModel()

@Block({ description: 'Makes a prompt more dramatic.' })
class Dramatise extends ModularPipelineBlocks {
  @Input() @Output() prompt!: InOut<string>

  run() {
    this.prompt = `${this.prompt}, dramatic light`
  }
}

@Block({ description: 'Paints all of it grey.' })
class PaintGrey extends ModularPipelineBlocks {
  @Input(tensor('images latentHeight latentWidth 4')) latents!: In<tf.Tensor4D>
  @Output(tensor('images height width 3')) pixels!: Out<tf.Tensor4D>

  run() {
    this.pixels = tf.zeros([this.latents.shape[0], 8, 8, 3])
  }
}

@Block({ description: 'Text to image, without a look at the result.' })
class TextToGrey extends StableDiffusionTextToImageBlocks {
  @Step() override decode = PaintGrey
}

describe('StableDiffusionTextToImageBlocks', () => {
  test('declares what it takes, gives and needs', () => {
    const blocks = new StableDiffusionTextToImageBlocks()
    expect(blocks.inputs.filter(input => input.required).map(input => input.name)).toEqual(['prompt'])
    expect(blocks.outputNames).toEqual(['images'])
    expect([...blocks.componentNames].sort()).toEqual([
      'adapters',
      'featureExtractor',
      'guider',
      'imageEncoder',
      'imageProcessor',
      'safetyChecker',
      'scheduler',
      'textEncoder',
      'tokenizer',
      'unet',
      'vae',
    ])
    for (const name of [
      'negativePrompt',
      'numInferenceSteps',
      'guidanceScale',
      'height',
      'width',
      'generator',
      'outputType',
    ]) {
      expect(blocks.inputNames).toContain(name)
    }
  })

  test.each(recordedRuns)('draws what the reference draws of "$prompt" with $scheduler in $steps steps', run =>
    expectRecordedRun(emoji, run),
  )

  test('draws several pictures of several prompts in one batch as it draws each alone', async () => {
    const pipe = emoji.pipelineOf(new StableDiffusionTextToImageBlocks())
    const shared = { numInferenceSteps: 2, height: 32, width: 32, outputType: 'tensor' }
    const latents = await pipe<tf.Tensor>(
      { ...shared, prompt: ['pizza', 'rocket'], numImagesPerPrompt: 2 },
      { output: 'latents', seed: 1 },
    )
    expect(take(latents).shape).toEqual([4, 8, 8, 4])
    const generators = [1, 2].map(seed => new Generator(seed))
    const both = take(
      await pipe<tf.Tensor>({ ...shared, prompt: ['pizza', 'rocket'], generator: generators }, { output: 'images' }),
    )
    const rocket = take(await pipe<tf.Tensor>({ ...shared, prompt: 'rocket' }, { output: 'images', seed: 2 }))
    const second = { shape: rocket.shape, values: both.values.slice(rocket.values.length) }
    expectClose('second picture', second, rocket, { atol: 1e-4, rtol: 0 })
  })

  test('guides from the middle of the run on, if its guider says so', async () => {
    const draw = async (config: ConstructorParameters<typeof ClassifierFreeGuidance>[0]) => {
      const pipe = emoji.pipelineOf(new StableDiffusionTextToImageBlocks(), {
        guider: new ClassifierFreeGuidance(config),
      })
      const inputs = { prompt: 'pizza', numInferenceSteps: 2, height: 32, width: 32 }
      return take(await pipe<tf.Tensor>(inputs, { output: 'latents', seed: 1 })).values
    }
    const late = await draw({ guidanceScale: 4, start: 0.5 })
    expect(late).not.toEqual(await draw({ guidanceScale: 4 }))
    expect(late).not.toEqual(await draw({ guidanceScale: 1 }))
  })

  test('guides to the end of a run whose scheduler asks twice for each step', async () => {
    const scheduler = resolveScheduler('heun').make(emoji.scheduler.config)
    const pipe = emoji.pipelineOf(new StableDiffusionTextToImageBlocks(), { scheduler })
    const call = jest.spyOn(emoji.unet, 'call')
    const inputs = { prompt: 'pizza', numInferenceSteps: 3, height: 16, width: 16 }
    take(await pipe<tf.Tensor>(inputs, { output: 'latents', seed: 1 }))
    expect(call.mock.calls.map(([{ sample }]) => sample.shape[0])).toEqual(Array(5).fill(2))
    call.mockRestore()
  })

  test('describes each input, whichever of its parts does', () => {
    for (const { name, description } of new StableDiffusionTextToImageBlocks().inputs) {
      expect([name, description]).toEqual([name, expect.stringMatching(/\w/)])
    }
  })

  test('runs another block in the place of one, and one that is put in', async () => {
    const seen: string[] = []
    const pipe = emoji.pipelineOf(new TextToGrey().insert('dramatise', Dramatise, 0))
    const onEvent = (event: PipelineEvent) => {
      if (event.type === 'blockStart') seen.push(event.path.join(' > '))
    }
    const inputs = { prompt: 'pizza', numInferenceSteps: 1, height: 16, width: 16 }
    const results = await pipe(inputs, { output: ['images', 'prompt'], onEvent })
    expect(results.prompt).toBe('pizza, dramatic light')
    const [image] = results.images as Image[]
    expect(new Set(image?.data)).toEqual(new Set([128]))
    expect(seen).toEqual([
      '',
      'dramatise',
      'setGuidance',
      'embedGuidance',
      'prepareModels',
      'encodePrompt',
      'ipAdapter',
      'setTimesteps',
      'prepareLatents',
      'projectIpAdapterImages',
      'denoise',
      ...['scaleInput', 'predictNoise', 'update'].map(part => `denoise > ${part}`),
      'decode',
      'postprocess',
    ])
  })

  test('draws with every scheduler that has a name', async () => {
    const seen = new Set<string>()
    // What is done with the latents depends on no scheduler.
    const blocks = new StableDiffusionTextToImageBlocks()
    for (const name of ['decode', 'postprocess']) blocks.subBlocks.pop(name)
    // SCM's models predict angles, and no noise.
    const names = Object.keys(schedulerNames).filter(name => name !== 'SCMScheduler')
    for (const name of names) {
      const scheduler = resolveScheduler(name).make(emoji.scheduler.config)
      const pipe = emoji.pipelineOf(blocks, { scheduler })
      const inputs = { prompt: 'pizza', numInferenceSteps: 4, height: 16, width: 16, guidanceScale: 1 }
      const { values } = take(await pipe<tf.Tensor>(inputs, { output: 'latents', seed: 1 }))
      expect(values.every(Number.isFinite)).toBe(true)
      seen.add(values.slice(0, 4).join())
    }
    expect(seen.size).toBeGreaterThan(names.length / 2)
  })
})
