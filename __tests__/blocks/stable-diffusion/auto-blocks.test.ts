import * as tf from '@tensorflow/tfjs'
import {
  BlockExecutionError,
  DDIMScheduler,
  EulerAncestralDiscreteScheduler,
  Generator,
  Image,
  ImageSizeError,
  IncompatibleComponentsError,
  InputTypeError,
  MissingInputError,
  ModularPipeline,
  type ModularPipelineBlocks,
  PipelineValidationError,
  PNDMScheduler,
  randnTensor,
  type SchedulerMixin,
  StableDiffusionAutoBlocks,
  StableDiffusionImageToImageBlocks,
  StableDiffusionInpaintBlocks,
  StableDiffusionTextToImageBlocks,
} from '../../../index'
import { expectClose } from '../../../testing/goldens/compare'
import '../../../testing/jest'
import { collectWarnings, emojiFolder, failureOf, take, useEmojiModel } from '../use-emoji-model'
import { STABLE_DIFFUSION_WORKFLOWS } from '../workflow-names'
import { mask, picture, unetOf } from './emoji-inputs'

const emoji = useEmojiModel()

const shared = { prompt: 'pizza', numInferenceSteps: 3, height: 32, width: 32, outputType: 'tensor' }
const changed = { ...shared, image: picture(), strength: 0.7 }
const inpainted = { ...shared, image: picture(), maskImage: mask(), strength: 0.7 }

async function draw(
  blocks: ModularPipelineBlocks,
  inputs: Record<string, unknown>,
  components: Record<string, unknown> = {},
) {
  return take(await emoji.pipelineOf(blocks, components)<tf.Tensor>(inputs, { output: 'images', seed: 1 }))
}

/** What a call fails with: the error of the block, or the first problem of the call. */
async function problemOf(inputs: Record<string, unknown>, components: Record<string, unknown> = {}) {
  const error = await failureOf(draw(new StableDiffusionAutoBlocks(), inputs, components))
  if (error instanceof PipelineValidationError) return error.issues[0]
  return error instanceof BlockExecutionError ? error.cause : error
}

describe('StableDiffusionAutoBlocks', () => {
  test('are what a model of the family is opened with, whichever of its pipelines the index names', async () => {
    const pipe = await ModularPipeline.fromPretrained(emojiFolder)
    expect(pipe.blocks).toBeInstanceOf(StableDiffusionAutoBlocks)
    pipe.dispose()
  })

  test('have the workflows of the reference', () => {
    const blocks = new StableDiffusionAutoBlocks()
    expect(blocks).toWire()
    expect(blocks.outputNames).toEqual(['images'])
    expect(blocks.availableWorkflows).toEqual(STABLE_DIFFUSION_WORKFLOWS)
    const stepsOf = (workflow: string) => [...blocks.getWorkflow(workflow).subBlocks.keys()]
    const common = ['setGuidance', 'embedGuidance', 'prepareModels', 'textEncoder']
    const before = ['denoise.beforeDenoise.setTimesteps', 'denoise.beforeDenoise.prepareLatents']
    const after = ['denoise.projectIpAdapterImages', 'denoise.denoise', 'decode.decode', 'decode.postprocess']
    expect(stepsOf('text2image')).toEqual([...common, ...before, ...after])
    expect(stepsOf('image2image')).toEqual([...common, 'vaeEncoder', ...before, ...after])
    expect(stepsOf('inpainting')).toEqual([...common, 'vaeEncoder', ...before, ...after])
    expect(stepsOf('ipAdapterText2image')).toEqual([...common, 'ipAdapter', ...before, ...after])
    const classesOf = (workflow: string) =>
      [...blocks.getWorkflow(workflow).subBlocks.values()].map(
        block => (block.constructor as { className?: string }).className,
      )
    expect(classesOf('text2image')).toEqual(expect.arrayContaining(['SetTimesteps', 'PrepareLatents', 'DenoiseLoop']))
    expect(classesOf('image2image')).toEqual(
      expect.arrayContaining(['StableDiffusionEncodeImage', 'PrepareImg2ImgLatents', 'DenoiseLoop']),
    )
    expect(classesOf('inpainting')).toEqual(
      expect.arrayContaining(['StableDiffusionEncodeInpaintImage', 'InpaintDenoiseLoop']),
    )
    const size = 'denoise.beforeDenoise.size'
    expect(stepsOf('controlnetText2image')).toEqual([
      ...[...common, size, ...before],
      ...['denoise.controlnetInput', ...after],
    ])
    expect(classesOf('controlnetText2image')).toEqual(
      expect.arrayContaining(['ControlNetInput', 'ControlNetDenoiseLoop']),
    )
    expect(classesOf('controlnetImage2image')).toContain('StableDiffusionImg2ImgControlNetInput')
    expect(classesOf('controlnetInpainting')).toEqual(
      expect.arrayContaining(['StableDiffusionInpaintControlNetInput', 'InpaintControlNetDenoiseLoop']),
    )
  })

  test.each([
    ['text to image', new StableDiffusionTextToImageBlocks(), shared],
    ['image to image', new StableDiffusionImageToImageBlocks(), changed],
    [
      'image to image with its own default strength',
      new StableDiffusionImageToImageBlocks(),
      { ...changed, strength: undefined },
    ],
    ['inpainting', new StableDiffusionInpaintBlocks(), inpainted],
    [
      'inpainting with its own default strength',
      new StableDiffusionInpaintBlocks(),
      { ...inpainted, strength: undefined },
    ],
  ])('draw what the blocks of the task draw: %s', async (_, blocks, inputs) => {
    expect(await draw(new StableDiffusionAutoBlocks(), inputs)).toEqual(await draw(blocks, inputs))
  })

  test('take embeddings in place of a prompt, and encode what is not given', async () => {
    const encoder = emoji.pipelineOf(new StableDiffusionTextToImageBlocks())
    const names = ['promptEmbeds', 'negativePromptEmbeds'] as const
    const inputs = { ...shared, negativePrompt: 'red apple' }
    const { promptEmbeds, negativePromptEmbeds } = await encoder(inputs, { output: [...names], seed: 1 })
    const { prompt, negativePrompt, ...rest } = inputs
    const auto = new StableDiffusionAutoBlocks()
    const expected = await draw(auto, inputs)
    for (const given of [
      { promptEmbeds, negativePromptEmbeds },
      { promptEmbeds, negativePrompt },
      { prompt, negativePromptEmbeds },
    ]) {
      expect(await draw(auto, { ...rest, ...given })).toEqual(expected)
    }
    const twice = await draw(auto, { ...rest, promptEmbeds, negativePrompt, numImagesPerPrompt: 2 })
    expectClose('two pictures', twice, await draw(auto, { ...inputs, numImagesPerPrompt: 2 }), { atol: 1e-4, rtol: 0 })
    const ofOther = tf.zeros([1, 3, 128])
    const problems = [
      [{ prompt, promptEmbeds }, InputTypeError, /"prompt" .*"promptEmbeds" is given too/],
      [{ promptEmbeds, negativePrompt, negativePromptEmbeds }, InputTypeError, /Pass one of the two/],
      [{ promptEmbeds, negativePromptEmbeds: ofOther }, Error, /negativePromptEmbeds/],
      [{ negativePromptEmbeds }, MissingInputError, /"prompt"/],
      [{}, MissingInputError, /"prompt"/],
    ] as const
    for (const [given, type, words] of problems) {
      const problem = await problemOf({ ...rest, ...given })
      expect(problem).toBeInstanceOf(type)
      expect((problem as Error).message).toMatch(words)
    }
    tf.dispose([promptEmbeds as tf.Tensor, negativePromptEmbeds as tf.Tensor, ofOther])
  })

  test('warn of negative embeddings that the run compares with nothing', async () => {
    const negativePromptEmbeds = tf.zeros([1, emoji.tokenizer.modelMaxLength, 128])
    const { warnings, onEvent } = collectWarnings()
    const pipe = emoji.pipelineOf(new StableDiffusionAutoBlocks())
    const inputs = { ...shared, negativePromptEmbeds, guidanceScale: 1 }
    take(await pipe<tf.Tensor>(inputs, { output: 'images', seed: 1, onEvent }))
    expect(warnings.map(({ code }) => code)).toContain('NEGATIVE_PROMPT_IGNORED')
    negativePromptEmbeds.dispose()
  })
})

describe('image to image', () => {
  test('keeps more of the picture, the less its strength', async () => {
    const target = tf.tidy(() => tf.tensor([250, 60, 60]).div(255))
    const distance = async (strength: number) => {
      const drawn = await draw(new StableDiffusionAutoBlocks(), { ...changed, numInferenceSteps: 10, strength })
      return tf.tidy(() => tf.tensor(drawn.values, drawn.shape).sub(target).abs().mean().dataSync()[0] as number)
    }
    const [little, much] = [await distance(0.2), await distance(1)]
    target.dispose()
    expect(little).toBeLessThan(0.1)
    expect(much).toBeGreaterThan(2 * little)
  })

  test('takes latents as they are, and continues with those of another run without noise', async () => {
    const pipe = emoji.pipelineOf(new StableDiffusionImageToImageBlocks())
    const steps = { prompt: 'pizza', numInferenceSteps: 4 }
    const inputs = { ...steps, image: picture(), strength: 1 }
    const whole = take(await pipe<tf.Tensor>(inputs, { output: 'latents', seed: 1 }))
    const half = await pipe<tf.Tensor4D>({ ...inputs, denoisingEnd: 0.5 }, { output: 'latents', seed: 1 })
    const rest = await pipe<tf.Tensor>({ ...steps, image: half, denoisingStart: 0.5 }, { output: 'latents', seed: 2 })
    half.dispose()
    expectClose('latents', take(rest), whole, { atol: 1e-4, rtol: 1e-4 })
  })

  test('draws each picture with its own generator, whatever stands beside it', async () => {
    const generator = [1, 2].map(seed => new Generator(seed))
    const inputs = { ...changed, prompt: ['pizza', 'rocket'], image: [picture(), picture(32, [[0, 0, 200]])] }
    const both = await draw(new StableDiffusionImageToImageBlocks(), { ...inputs, generator })
    const second = { ...changed, prompt: 'rocket', image: picture(32, [[0, 0, 200]]), generator: [new Generator(2)] }
    const alone = await draw(new StableDiffusionImageToImageBlocks(), second)
    const values = both.values.slice(alone.values.length)
    expectClose('second', { shape: alone.shape, values }, alone, { atol: 1e-4, rtol: 0 })
  })

  test('repeats one picture for all prompts, and for each generator', async () => {
    const one = { ...changed, prompt: ['pizza', 'rocket'] }
    const pictures = await draw(new StableDiffusionImageToImageBlocks(), one)
    expect(pictures.shape[0]).toBe(2)
    const generator = [new Generator(1), new Generator(1)]
    const same = await draw(new StableDiffusionImageToImageBlocks(), { ...one, prompt: ['pizza', 'pizza'], generator })
    const half = same.values.length / 2
    expectClose(
      'same',
      { shape: [half], values: same.values.slice(half) },
      { shape: [half], values: same.values.slice(0, half) },
      { atol: 1e-4, rtol: 0 },
    )
  })

  test('brings a picture of another size to a multiple of the factor of the VAE, and drops its opacity', async () => {
    const data = new Uint8Array(37 * 30 * 4).fill(200)
    const image = new Image({ width: 37, height: 30, channels: 4, data })
    const { shape } = await draw(new StableDiffusionAutoBlocks(), {
      ...changed,
      image,
      height: undefined,
      width: undefined,
    })
    expect(shape).toEqual([1, 28, 36, 3])
    const grey = new Image({ width: 16, height: 16, channels: 1, data: new Uint8Array(256) })
    expect((await draw(new StableDiffusionAutoBlocks(), { ...changed, image: grey })).shape).toEqual([1, 32, 32, 3])
  })

  test('an image without pixels cannot be made', () => {
    expect(() => new Image({ width: 0, height: 0, channels: 3, data: new Uint8Array(0) })).toThrow('at least 1')
  })
})

describe('inpainting', () => {
  test('keeps the picture where the mask is black, and draws elsewhere', async () => {
    const image = picture(32, [
      [250, 60, 60],
      [30, 30, 160],
    ])
    const blocks = new StableDiffusionInpaintBlocks()
    const { values } = await draw(blocks, { ...inpainted, image, numInferenceSteps: 6, strength: 1 })
    const difference = (column: number) => {
      const expected = (column < 16 ? [250, 60, 60] : [30, 30, 160]).map(value => value / 255)
      let sum = 0
      for (let row = 0; row < 32; row++)
        for (const [i, value] of expected.entries())
          sum += Math.abs((values[(row * 32 + column) * 3 + i] as number) - value)
      return sum / 96
    }
    expect(difference(3)).toBeLessThan(0.08)
    expect(difference(28)).toBeGreaterThan(0.2)
  })

  test('takes grey values of a mask for 1 from 128 on, and for 0 below', async () => {
    const grey = (level: number) =>
      new Image({ ...mask(), data: mask().data.map(value => (value === 0 ? 255 - level : level)) })
    const expected = await draw(new StableDiffusionInpaintBlocks(), inpainted)
    expect(await draw(new StableDiffusionInpaintBlocks(), { ...inpainted, maskImage: grey(128) })).toEqual(expected)
    const inverted = { ...inpainted, maskImage: grey(127) }
    expect(await draw(new StableDiffusionInpaintBlocks(), inverted)).not.toEqual(expected)
  })

  test('brings a mask of another size to that of the result', async () => {
    const expected = await draw(new StableDiffusionInpaintBlocks(), inpainted)
    expect(await draw(new StableDiffusionInpaintBlocks(), { ...inpainted, maskImage: mask(8) })).toEqual(expected)
  })

  test('draws the part around the mask alone, in full size, and leaves the rest of a larger picture as it is', async () => {
    const image = picture(96, [
      [250, 60, 60],
      [30, 30, 160],
    ])
    const data = new Uint8Array(96 * 96)
    for (let y = 60; y < 72; y++) data.fill(255, y * 96 + 70, y * 96 + 82)
    const maskImage = new Image({ width: 96, height: 96, channels: 1, data })
    const pipe = emoji.pipelineOf(new StableDiffusionAutoBlocks())
    const { outputType, ...inputs } = { ...inpainted, image, maskImage, paddingMaskCrop: 4, strength: 1 }
    const { images, cropsCoords } = await pipe(inputs, { output: ['images', 'cropsCoords'], seed: 1 })
    const [drawn] = images as Image[]
    expect(cropsCoords).toEqual([66, 56, 86, 76])
    expect(drawn).toMatchObject({ width: 96, height: 96, channels: 3 })
    const changedPixels = Array.from(data, (_, i) => i).filter(i =>
      [0, 1, 2].some(channel => drawn?.data[3 * i + channel] !== image.data[3 * i + channel]),
    )
    expect(changedPixels.length).toBeGreaterThan(100)
    expect(changedPixels.filter(i => data[i] === 0)).toEqual([])
    expect(await problemOf({ ...inputs, outputType })).toMatchObject({ code: 'INPUT_TYPE', input: 'outputType' })
    const two = { ...inputs, prompt: ['pizza', 'dog'], image: [image, image] }
    expect(((await problemOf(two)) as Error).message).toMatch(/"image".*paddingMaskCrop crops it/)
    const black = new Image({ width: 96, height: 96, channels: 1, data: new Uint8Array(96 * 96) })
    expect(await problemOf({ ...inputs, maskImage: black })).toBeInstanceOf(ImageSizeError)
  })

  test('corrects old schedulers as the constructor of its pipeline does, also beside other tasks', async () => {
    const old = { betaStart: 0.00085, betaEnd: 0.012, betaSchedule: 'scaled_linear' } as const
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation()
    const pndm = new PNDMScheduler({ ...old, stepsOffset: 1 })
    const skipping = new PNDMScheduler({ ...old, stepsOffset: 1, skipPrkSteps: true })
    const inputs = { ...inpainted, numInferenceSteps: 4 }
    const auto = () => new StableDiffusionAutoBlocks()
    expect(await draw(auto(), inputs, { scheduler: pndm })).toEqual(await draw(auto(), inputs, { scheduler: skipping }))
    expect(pndm.config.skipPrkSteps).toBe(false)
    const { scheduler: correct } = new StableDiffusionInpaintBlocks().afterLoad
    const ddim: SchedulerMixin = new DDIMScheduler(old)
    correct?.(ddim as never, 'test', () => undefined)
    expect(ddim.config).toMatchObject({ stepsOffset: 1, clipSample: true })
    const { scheduler: correctAll } = auto().afterLoad
    correctAll?.(ddim as never, 'test', () => undefined)
    expect(ddim.config).toMatchObject({ stepsOffset: 1, clipSample: false })
    emitWarning.mockRestore()
  })

  test('leaves the draws of schedulers where the reference has them: after those of the masked picture', async () => {
    const scheduler = new EulerAncestralDiscreteScheduler({ stepsOffset: 1, betaSchedule: 'scaled_linear' })
    const generator = new Generator(3)
    const expected = new Generator(3)
    // The picture, the noise, the masked picture.
    for (let i = 0; i < 3; i++) expected.randn([1, 4, 8, 8])
    const noise = randnTensor([1, 8, 8, 4], expected)
    const pipe = emoji.pipelineOf(new StableDiffusionInpaintBlocks(), { scheduler })
    let drawn: tf.Tensor | undefined
    const spy = jest.spyOn(scheduler, 'forRun').mockImplementation(function (this: SchedulerMixin, ...args) {
      const copy = EulerAncestralDiscreteScheduler.prototype.forRun.apply(scheduler, args)
      const { step } = copy
      copy.step = function (output, t, sample, options) {
        const source = options?.generator as Generator
        drawn ??= tf.keep(randnTensor([1, 8, 8, 4], source.forRun({})))
        return step.call(this, output, t, sample, options) as never
      }
      return copy
    })
    take(await pipe<tf.Tensor>({ ...inpainted, generator }, { output: 'images' }))
    spy.mockRestore()
    expect(take(drawn as tf.Tensor)).toEqual(take(noise))
  })
})

describe('bad input', () => {
  test.each([
    ['a strength above 1', { ...changed, strength: 1.5 }, InputTypeError, /"strength"/],
    ['a strength of 0', { ...changed, strength: 0 }, InputTypeError, /leaves none of the 3 steps/],
    [
      'a strength that leaves no step',
      { ...changed, strength: 0.3 },
      InputTypeError,
      /Pass a larger strength or more steps/,
    ],
    [
      'pictures that cannot be shared out',
      { ...changed, prompt: ['pizza', 'dog', 'cat'], image: [picture(), picture()] },
      InputTypeError,
      /"image".*there are 2, which cannot be divided evenly/,
    ],
    ['more pictures than prompts', { ...changed, image: [picture(), picture()] }, InputTypeError, /"image"/],
    ['an empty list of pictures', { ...changed, image: [] }, InputTypeError, /"image"/],
    ['a picture that is none', { ...changed, image: 'cat.png' }, InputTypeError, /"image"/],
    ['a mask without a picture', { ...shared, maskImage: mask() }, MissingInputError, /"image"/],
    ['masks that cannot be shared out', { ...inpainted, maskImage: [mask(), mask()] }, InputTypeError, /"maskImage"/],
    [
      'another number of masks than of pictures',
      {
        ...inpainted,
        prompt: Array(6).fill('pizza'),
        image: [picture(), picture()],
        maskImage: [mask(), mask(), mask()],
      },
      InputTypeError,
      /one mask for all of the 2 pictures/,
    ],
    [
      'generators that are too few',
      { ...inpainted, prompt: ['pizza', 'dog'], generator: [new Generator(1)] },
      InputTypeError,
      /"generator"/,
    ],
    [
      'a size that the VAE does not divide',
      { ...inpainted, height: 33 },
      InputTypeError,
      /"height".*must be a multiple of 4/,
    ],
  ] as const)('refuses %s', async (_, inputs, type, words) => {
    const problem = await problemOf(inputs)
    expect(problem).toBeInstanceOf(type)
    expect((problem as Error).message).toMatch(words)
  })

  test('refuses a UNet that takes a mask if none exists, and one that takes neither', async () => {
    const unet = unetOf(9)
    for (const inputs of [shared, changed]) {
      const problem = await problemOf(inputs, { unet })
      expect(problem).toBeInstanceOf(IncompatibleComponentsError)
      expect((problem as Error).message).toContain('made for inpainting. Pass "image" and "maskImage"')
      expect((problem as Error).message).not.toContain('do not support')
    }
    const other = unetOf(7)
    const problem = await problemOf(inpainted, { unet: other })
    expect(problem).toBeInstanceOf(IncompatibleComponentsError)
    expect((problem as Error).message).toContain('it must take 4 or, with the mask and the masked picture, 9')
    unet.dispose()
    other.dispose()
  })
})
