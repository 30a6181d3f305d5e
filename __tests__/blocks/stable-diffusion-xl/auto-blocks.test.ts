/** Stable Diffusion XL with the tiny checkpoint: what the index and the inputs choose, what they must be, and what comes out. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import {
  IncompatibleComponentsError,
  InputTypeError,
  MissingInputError,
  ModularPipeline,
  StableDiffusionXLAutoBlocks,
  UnknownBlocksError,
} from '../../../index'
import { expectClose } from '../../../testing/goldens/compare'
import '../../../testing/jest'
import { expectWarnings } from '../../expected-warnings'
import { failure } from '../../src/fixtures/failures'
import { take } from '../use-emoji-model'
import { STABLE_DIFFUSION_XL_WORKFLOWS } from '../workflow-names'
import { baseFolder, folderWith } from './tiny-models'
import { draw, type Inputs, mask, picture, problemOf, shared, useTinyPipelines } from './use-tiny-pipelines'

expectWarnings('UNREAD_INDEX_ENTRIES')

const tiny = useTinyPipelines()

describe('an index', () => {
  test.each(['StableDiffusionXLPipeline', 'StableDiffusionXLImg2ImgPipeline', 'StableDiffusionXLInpaintPipeline'])(
    'of %s gives the automatic blocks',
    async name => {
      const warn = jest.spyOn(process, 'emitWarning').mockImplementation()
      const pipe = await ModularPipeline.fromPretrained(folderWith({ _class_name: name }))
      expect(pipe.blocks).toBeInstanceOf(StableDiffusionXLAutoBlocks)
      pipe.dispose()
      warn.mockRestore()
    },
  )

  test('of a pipeline that draws otherwise is refused by name', async () => {
    const folder = folderWith({ _class_name: 'StableDiffusionXLControlNetXSPipeline' })
    const { message } = await failure(UnknownBlocksError, () => ModularPipeline.fromPretrained(folder))
    expect(message).toContain('StableDiffusionXLControlNetXSPipeline')
    expect(message).toContain('StableDiffusionXLAutoBlocks')
  })

  test('states settings', () => {
    expect(tiny.base.config).toEqual({ forceZerosForEmptyPrompt: true, requiresAestheticsScore: false })
    expect(tiny.refiner.config).toEqual({ forceZerosForEmptyPrompt: false, requiresAestheticsScore: true })
  })

  test('may leave the first text encoder empty', async () => {
    // The blocks work without these.
    expect(tiny.refiner.missingComponentNames).toEqual([])
    expect(tiny.refiner.components).toMatchObject({ textEncoder: undefined, tokenizer: undefined })
    expect(
      (await draw(tiny.refiner, { ...shared, image: picture, strength: 0.5, numInferenceSteps: 4 })).shape,
    ).toEqual([1, 64, 64, 3])
  })

  test('is saved as one of the family, with what it leaves empty', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tesserae-xl-'))
    await tiny.refiner.savePretrained(folder)
    const index = JSON.parse(readFileSync(join(folder, 'modular_model_index.json'), 'utf8')) as Inputs
    expect(index).toMatchObject({
      _class_name: 'StableDiffusionXLModularPipeline',
      _blocks_class_name: 'StableDiffusionXLAutoBlocks',
      requires_aesthetics_score: true,
      force_zeros_for_empty_prompt: false,
    })
    const saved = await tiny.opened(folder)
    const inputs = { ...shared, image: picture, strength: 0.5, numInferenceSteps: 4 }
    expect(await draw(saved, inputs)).toEqual(await draw(tiny.refiner, inputs))
    rmSync(folder, { recursive: true, force: true })
  })
})

describe('the automatic blocks', () => {
  test('have the workflows of the reference', () => {
    const blocks = new StableDiffusionXLAutoBlocks()
    expect(blocks).toWire()
    expect(blocks.outputNames).toEqual(['images'])
    expect(blocks.availableWorkflows).toEqual(STABLE_DIFFUSION_XL_WORKFLOWS)
    const classesOf = (workflow: string) =>
      [...blocks.getWorkflow(workflow).subBlocks.values()].map(
        block => (block.constructor as { className?: string }).className,
      )
    expect(classesOf('inpainting')).toEqual([
      'SetGuidance',
      'EmbedGuidance',
      'PrepareModels',
      'StableDiffusionXLEncodePrompt',
      'StableDiffusionXLEncodeInpaintImage',
      'StableDiffusionXLInput',
      'SetImg2ImgTimesteps',
      'PrepareInpaintLatents',
      'StableDiffusionXLImg2ImgPrepareAdditionalConditioning',
      'ProjectIPAdapterImages',
      'InpaintDenoiseLoop',
      'DecodeLatents',
      'PostprocessImages',
    ])
    expect(classesOf('controlnetText2image')).toEqual(
      expect.arrayContaining(['ControlNetInput', 'ControlNetDenoiseLoop']),
    )
    expect(classesOf('controlnetUnionInpainting')).toEqual(
      expect.arrayContaining(['ControlNetUnionInput', 'InpaintControlNetDenoiseLoop']),
    )
  })

  test('hand over to a refiner, and draw what one model draws alone', async () => {
    const whole = { ...shared, numInferenceSteps: 4 }
    const half = (await tiny.base({ ...whole, denoisingEnd: 0.5 } as never, {
      output: 'latents',
      seed: 1,
    })) as tf.Tensor4D
    const rest = { ...whole, image: half, denoisingStart: 0.5, height: undefined, width: undefined }
    expectClose('the same model', await draw(tiny.base, rest, 'latents'), await draw(tiny.base, whole, 'latents'), {
      atol: 1e-3,
      rtol: 1e-3,
    })
    const refined = await draw(tiny.refiner, rest)
    expect(refined.shape).toEqual([1, 64, 64, 3])
    expect(refined).not.toEqual(await draw(tiny.refiner, { ...rest, aestheticScore: 1 }))
    half.dispose()
  })

  test('inpaint, with the strength of the reference if none is given', async () => {
    const inputs = { ...shared, image: picture, maskImage: mask, numInferenceSteps: 10 }
    expect(await draw(tiny.base, inputs)).toEqual(await draw(tiny.base, { ...inputs, strength: 0.3 }))
  })

  test('draw several pictures of a prompt as if each were drawn alone', async () => {
    const prompt = ['a cat', 'a dog']
    const many = { ...shared, prompt, numImagesPerPrompt: 2 }
    const { shape, values } = await draw(tiny.base, many)
    const each = { ...shared, prompt: ['a cat', 'a cat', 'a dog', 'a dog'] }
    expect(shape).toEqual([4, 64, 64, 3])
    expectClose('pictures', { shape, values }, await draw(tiny.base, each), { atol: 1e-4, rtol: 0 })
  })

  test('run in stages: texts, then the rest', async () => {
    const names = ['promptEmbeds', 'pooledPromptEmbeds', 'negativePromptEmbeds', 'negativePooledPromptEmbeds'] as const
    const { prompt, ...rest } = { ...shared, negativePrompt: 'blurry' }
    const embeds = (await tiny.base({ prompt, ...rest } as never, { output: [...names] as never, seed: 1 })) as Record<
      string,
      tf.Tensor
    >
    const { negativePrompt: _, ...others } = rest
    const later = new StableDiffusionXLAutoBlocks().remove('textEncoder').initPipeline(baseFolder)
    await later.loadComponents()
    const picture = (await later({ ...others, ...embeds } as never, {
      output: 'images',
      seed: 1,
    })) as unknown as tf.Tensor
    // What the text encoders made is that of pictures already.
    const expected = await draw(tiny.base, { prompt, ...rest })
    expect(take(picture)).toEqual(expected)
    later.dispose()
    tf.dispose(embeds)
  })
})

describe('embeddings in place of prompts', () => {
  const names = ['promptEmbeds', 'pooledPromptEmbeds', 'negativePromptEmbeds', 'negativePooledPromptEmbeds'] as const
  const text = { prompt: 'a cat', negativePrompt: 'blurry' }
  const { prompt: _, ...rest } = shared
  let embeds: Record<(typeof names)[number], tf.Tensor>

  beforeEach(async () => {
    embeds = (await tiny.base({ ...shared, ...text } as never, {
      output: [...names] as never,
      seed: 1,
    })) as typeof embeds
  })
  afterEach(() => {
    tf.dispose(embeds)
  })

  test('are taken with their pooled twins, and what is not given is encoded', async () => {
    const expected = await draw(tiny.base, { ...rest, ...text })
    const { promptEmbeds, pooledPromptEmbeds, negativePromptEmbeds, negativePooledPromptEmbeds } = embeds
    for (const given of [
      embeds,
      { promptEmbeds, pooledPromptEmbeds, negativePrompt: text.negativePrompt },
      { prompt: text.prompt, negativePromptEmbeds, negativePooledPromptEmbeds },
    ]) {
      expect(await draw(tiny.base, { ...rest, ...given })).toEqual(expected)
    }
  })

  test('are refused without their twins, beside the text, and in other shapes', async () => {
    const { promptEmbeds, pooledPromptEmbeds, negativePromptEmbeds } = embeds
    const short = tf.zeros([1, 12, 40])
    const rows = tf.zeros([2, 24])
    const problems = [
      [{ promptEmbeds }, MissingInputError, /"pooledPromptEmbeds"/],
      [{ pooledPromptEmbeds }, MissingInputError, /"promptEmbeds"/],
      [{ pooledPromptEmbeds, prompt: 'a cat' }, MissingInputError, /"promptEmbeds"/],
      [{ prompt: 'a cat', negativePromptEmbeds }, MissingInputError, /"negativePooledPromptEmbeds"/],
      [{ promptEmbeds, pooledPromptEmbeds, prompt: 'a cat' }, InputTypeError, /"promptEmbeds" is given too/],
      [
        { promptEmbeds, pooledPromptEmbeds, prompt2: 'a cat' },
        InputTypeError,
        /"prompt2" .*"promptEmbeds" is given too/,
      ],
      [{ ...embeds, negativePrompt2: 'blurry' }, InputTypeError, /"negativePromptEmbeds" is given too/],
      [
        { promptEmbeds: short, pooledPromptEmbeds, negativePrompt: '' },
        InputTypeError,
        /Pass negativePromptEmbeds too/,
      ],
      [{ ...embeds, negativePromptEmbeds: short }, Error, /negativePromptEmbeds/],
      [{ promptEmbeds, pooledPromptEmbeds: rows }, Error, /prompts/],
    ] as const
    for (const [given, type, words] of problems) {
      const problem = await problemOf(tiny.base, { ...rest, ...given })
      expect(problem).toBeInstanceOf(type)
      expect((problem as Error).message).toMatch(words)
    }
    tf.dispose([short, rows])
  })

  test('of another family do not fit the UNet', async () => {
    const given = { promptEmbeds: tf.zeros([1, 77, 30]), pooledPromptEmbeds: tf.zeros([1, 24]) }
    const problem = await problemOf(tiny.base, { ...rest, ...given })
    expect(problem).toBeInstanceOf(IncompatibleComponentsError)
    expect((problem as Error).message).toMatch(/embeddings of 40 channels.* 30/)
    tf.dispose(given)
  })
})
