/** Stable Diffusion XL with the tiny checkpoint: what the index and the inputs choose, what they must be, and what comes out. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import {
  BlockExecutionError,
  ComponentLoadError,
  Image,
  IncompatibleComponentsError,
  InputTypeError,
  MissingComponentError,
  MissingInputError,
  ModularPipeline,
  PipelineValidationError,
  StableDiffusionAutoBlocks,
  StableDiffusionXLAutoBlocks,
  selectBackend,
  UnknownBlocksError,
} from '../../../index'
import { expectClose } from '../../../testing/goldens/compare'
import '../../../testing/jest'
import { useLeakCheck } from '../../components/tensors/use-leak-check'
import { expectWarnings } from '../../expected-warnings'
import { failure } from '../../src/fixtures/failures'
import { collectWarnings, emojiFolder, failureOf, take } from '../use-emoji-model'
import { STABLE_DIFFUSION_XL_WORKFLOWS } from '../workflow-names'
import { baseFolder, copyOf, folderWith, load, refinerFolder, removeFolders } from './tiny-models'

expectWarnings('UNREAD_INDEX_ENTRIES')

type Inputs = Record<string, unknown>
type Pipeline = Awaited<ReturnType<typeof load>>

let base: Pipeline
let refiner: Pipeline
const pipelines: Pipeline[] = []
/** A pipeline for one test. */
const opened = async (folder: string) => {
  const pipe = await load(folder)
  pipelines.push(pipe)
  return pipe
}

beforeAll(async () => {
  await selectBackend({ backend: 'wasm', threads: 1 })
  base = await load(baseFolder)
  refiner = await load(refinerFolder())
})
afterEach(() => {
  for (const pipe of pipelines.splice(0)) pipe.dispose()
})
useLeakCheck()
afterAll(() => {
  base.dispose()
  refiner.dispose()
  removeFolders()
})

const picture = new Image({ width: 64, height: 64, channels: 3, data: new Uint8Array(64 * 64 * 3).fill(200) })
const mask = new Image({ width: 64, height: 64, channels: 1, data: new Uint8Array(64 * 64).fill(255, 64 * 32) })
const shared = { prompt: 'a cat', numInferenceSteps: 2, height: 64, width: 64, outputType: 'tensor', guidanceScale: 5 }

async function draw(pipe: Pipeline, inputs: Inputs, output = 'images') {
  return take((await pipe(inputs as never, { output: output as 'images', seed: 1 })) as unknown as tf.Tensor)
}

async function warningsOf(pipe: Pipeline, inputs: Inputs): Promise<string[]> {
  const { warnings, onEvent } = collectWarnings()
  tf.dispose((await pipe(inputs as never, { output: 'images', seed: 1, onEvent })) as unknown as tf.Tensor)
  return warnings.map(({ code, message }) => `${code}: ${message}`)
}

/** What a call fails with: the error of the block, or the first problem of the call. */
async function problemOf(pipe: Pipeline, inputs: Inputs) {
  const error = await failureOf(draw(pipe, inputs))
  if (error instanceof PipelineValidationError) return error.issues[0]
  return error instanceof BlockExecutionError ? error.cause : error
}

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
    expect(base.config).toEqual({ forceZerosForEmptyPrompt: true, requiresAestheticsScore: false })
    expect(refiner.config).toEqual({ forceZerosForEmptyPrompt: false, requiresAestheticsScore: true })
  })

  test('may leave the first text encoder empty', async () => {
    // The blocks work without these.
    expect(refiner.missingComponentNames).toEqual([])
    expect(refiner.components).toMatchObject({ textEncoder: undefined, tokenizer: undefined })
    expect((await draw(refiner, { ...shared, image: picture, strength: 0.5, numInferenceSteps: 4 })).shape).toEqual([
      1, 64, 64, 3,
    ])
  })

  test('is saved as one of the family, with what it leaves empty', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tesserae-xl-'))
    await refiner.savePretrained(folder)
    const index = JSON.parse(readFileSync(join(folder, 'modular_model_index.json'), 'utf8')) as Inputs
    expect(index).toMatchObject({
      _class_name: 'StableDiffusionXLModularPipeline',
      _blocks_class_name: 'StableDiffusionXLAutoBlocks',
      requires_aesthetics_score: true,
      force_zeros_for_empty_prompt: false,
    })
    const saved = await opened(folder)
    const inputs = { ...shared, image: picture, strength: 0.5, numInferenceSteps: 4 }
    expect(await draw(saved, inputs)).toEqual(await draw(refiner, inputs))
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
    const half = (await base({ ...whole, denoisingEnd: 0.5 } as never, { output: 'latents', seed: 1 })) as tf.Tensor4D
    const rest = { ...whole, image: half, denoisingStart: 0.5, height: undefined, width: undefined }
    expectClose('the same model', await draw(base, rest, 'latents'), await draw(base, whole, 'latents'), {
      atol: 1e-3,
      rtol: 1e-3,
    })
    const refined = await draw(refiner, rest)
    expect(refined.shape).toEqual([1, 64, 64, 3])
    expect(refined).not.toEqual(await draw(refiner, { ...rest, aestheticScore: 1 }))
    half.dispose()
  })

  test('inpaint, with the strength of the reference if none is given', async () => {
    const inputs = { ...shared, image: picture, maskImage: mask, numInferenceSteps: 10 }
    expect(await draw(base, inputs)).toEqual(await draw(base, { ...inputs, strength: 0.3 }))
  })

  test('draw several pictures of a prompt as if each were drawn alone', async () => {
    const prompt = ['a cat', 'a dog']
    const many = { ...shared, prompt, numImagesPerPrompt: 2 }
    const { shape, values } = await draw(base, many)
    const each = { ...shared, prompt: ['a cat', 'a cat', 'a dog', 'a dog'] }
    expect(shape).toEqual([4, 64, 64, 3])
    expectClose('pictures', { shape, values }, await draw(base, each), { atol: 1e-4, rtol: 0 })
  })

  test('run in stages: texts, then the rest', async () => {
    const names = ['promptEmbeds', 'pooledPromptEmbeds', 'negativePromptEmbeds', 'negativePooledPromptEmbeds'] as const
    const { prompt, ...rest } = { ...shared, negativePrompt: 'blurry' }
    const embeds = (await base({ prompt, ...rest } as never, { output: [...names] as never, seed: 1 })) as Record<
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
    const expected = await draw(base, { prompt, ...rest })
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
    embeds = (await base({ ...shared, ...text } as never, { output: [...names] as never, seed: 1 })) as typeof embeds
  })
  afterEach(() => {
    tf.dispose(embeds)
  })

  test('are taken with their pooled twins, and what is not given is encoded', async () => {
    const expected = await draw(base, { ...rest, ...text })
    const { promptEmbeds, pooledPromptEmbeds, negativePromptEmbeds, negativePooledPromptEmbeds } = embeds
    for (const given of [
      embeds,
      { promptEmbeds, pooledPromptEmbeds, negativePrompt: text.negativePrompt },
      { prompt: text.prompt, negativePromptEmbeds, negativePooledPromptEmbeds },
    ]) {
      expect(await draw(base, { ...rest, ...given })).toEqual(expected)
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
      const problem = await problemOf(base, { ...rest, ...given })
      expect(problem).toBeInstanceOf(type)
      expect((problem as Error).message).toMatch(words)
    }
    tf.dispose([short, rows])
  })

  test('of another family do not fit the UNet', async () => {
    const given = { promptEmbeds: tf.zeros([1, 77, 30]), pooledPromptEmbeds: tf.zeros([1, 24]) }
    const problem = await problemOf(base, { ...rest, ...given })
    expect(problem).toBeInstanceOf(IncompatibleComponentsError)
    expect((problem as Error).message).toMatch(/embeddings of 40 channels.* 30/)
    tf.dispose(given)
  })
})

describe('bad models', () => {
  test('a first text encoder whose folder is missing does not load', async () => {
    const pipe = await ModularPipeline.fromPretrained(folderWith({}, { text_encoder: null }))
    const { failures, message } = await failure(ComponentLoadError, () => pipe.loadComponents())
    expect([...failures.keys()]).toEqual(['textEncoder'])
    expect(message).toContain('text_encoder')
    pipe.dispose()
  })

  test('a base model whose index leaves the first text encoder empty names it', async () => {
    const nothing = [null, null]
    const pipe = await opened(folderWith({ text_encoder: nothing, tokenizer: nothing }))
    const problem = await problemOf(pipe, shared)
    expect(problem).toBeInstanceOf(IncompatibleComponentsError)
    expect((problem as Error).message).toMatch(
      /takes embeddings of 40 channels, and those of the prompt have 24\. The pipeline has no first text encoder/,
    )
  })

  test('a tokenizer without its text encoder is refused', async () => {
    const pipe = await opened(folderWith({ text_encoder: [null, null] }))
    const problem = await problemOf(pipe, shared)
    expect(problem).toBeInstanceOf(IncompatibleComponentsError)
    expect((problem as Error).message).toMatch(/has the component "tokenizer" and lacks "textEncoder"/)
  })

  test('a second text encoder cannot be left out', async () => {
    const pipe = await opened(folderWith({ text_encoder_2: [null, null] }))
    expect(await problemOf(pipe, shared)).toMatchObject({
      component: 'textEncoder2',
      constructor: MissingComponentError,
    })
  })

  test('a refiner draws no picture of a prompt alone', async () => {
    const problem = await problemOf(refiner, shared)
    expect(problem).toBeInstanceOf(IncompatibleComponentsError)
    expect((problem as Error).message).toMatch(/vector of 64 numbers beside the prompt, and gets 72\. .*Pass "image"/)
  })

  test('a setting for aesthetic scores must be that of the UNet', async () => {
    const inputs = { ...shared, image: picture, strength: 0.5 }
    const [model, other] = [await opened(baseFolder), await opened(refinerFolder())]
    model.registerToConfig({ requiresAestheticsScore: true })
    expect(((await problemOf(model, inputs)) as Error).message).toMatch(
      /Call pipe\.registerToConfig\({ requiresAestheticsScore: false }\)/,
    )
    other.registerToConfig({ requiresAestheticsScore: false })
    expect(((await problemOf(other, inputs)) as Error).message).toMatch(
      /Call pipe\.registerToConfig\({ requiresAestheticsScore: true }\)/,
    )
  })

  test('a refiner of another family is refused', async () => {
    const pipe = new StableDiffusionXLAutoBlocks().initPipeline(emojiFolder)
    await pipe.loadComponents()
    const problem = await problemOf(pipe as unknown as Pipeline, { ...shared, image: picture })
    expect(problem).toMatchObject({ component: 'textEncoder2' })
    pipe.dispose()
    const other = new StableDiffusionAutoBlocks().initPipeline(emojiFolder)
    await other.loadComponents({ names: ['unet'] })
    const mixed = await opened(refinerFolder())
    const { unet } = mixed.components
    mixed.updateComponents({ unet: other.components.unet })
    unet.dispose()
    const message = ((await problemOf(mixed, { ...shared, image: picture, strength: 0.5 })) as Error).message
    expect(message).toMatch(/addition_embed_type is null, and Stable Diffusion XL needs "text_time"/)
    other.dispose()
  })

  test('tokenizers of other lengths are refused', async () => {
    const folder = copyOf(baseFolder)
    const file = join(folder, 'tokenizer', 'tokenizer_config.json')
    const config = JSON.parse(readFileSync(file, 'utf8')) as Inputs
    writeFileSync(file, JSON.stringify({ ...config, model_max_length: 20 }))
    const problem = await problemOf(await opened(folder), shared)
    expect(problem).toBeInstanceOf(IncompatibleComponentsError)
    expect((problem as Error).message).toMatch(/makes 20 tokens of a prompt, and the second one 77/)
  })
})

describe('bad inputs', () => {
  const changed = { ...shared, image: picture, numInferenceSteps: 4 }

  test.each([
    [
      'an end before the start',
      { ...changed, denoisingStart: 0.6, denoisingEnd: 0.4 },
      /greater than denoisingStart, which is 0.6/,
    ],
    ['an end at once', { ...shared, denoisingEnd: 0.01 }, /"denoisingEnd" .*no timestep lies before it/],
    ['an end above 1', { ...shared, denoisingEnd: 1.5 }, /"denoisingEnd"/],
    ['a size of one number', { ...shared, originalSize: [64] }, /"originalSize"/],
    ['a size of three numbers', { ...shared, targetSize: [64, 64, 3] }, /"targetSize"/],
    ['a negative size', { ...shared, negativeOriginalSize: [-1, 64] }, /"negativeOriginalSize"/],
    ['a crop of words', { ...shared, cropsCoordsTopLeft: ['0', '0'] }, /"cropsCoordsTopLeft"/],
    ['a clip skip beyond the layers', { ...shared, clipSkip: 9 }, /"clipSkip" .*layers/],
    [
      'second prompts of another number',
      { ...shared, prompt: ['a', 'b', 'c'], prompt2: ['d', 'e'] },
      /"prompt2" .*each of the 3 prompts/,
    ],
    [
      'negative prompts of another number',
      { ...shared, prompt: ['a', 'b'], negativePrompt: ['d', 'e', 'f'] },
      /"negativePrompt" .*each of the 2 prompts/,
    ],
    [
      'second negative prompts of another number',
      { ...shared, negativePrompt: '', negativePrompt2: ['d', 'e'] },
      /"negativePrompt2" .*each of the 1 prompts/,
    ],
    ['a size that the VAE does not divide', { ...shared, height: 63 }, /"height" .*multiple of 8/],
  ])('%s', async (_, inputs, words) => {
    const problem = await problemOf(base, inputs)
    expect(problem).toBeInstanceOf(InputTypeError)
    expect((problem as Error).message).toMatch(words)
  })

  test('what has no effect causes a warning', async () => {
    const inputs = { ...shared, negativePrompt: undefined }
    expect(await warningsOf(base, { ...inputs, negativePrompt2: 'blurry' })).toEqual([
      expect.stringMatching(/^NEGATIVE_PROMPT_IGNORED: negativePrompt2 is ignored.*Pass negativePrompt: ''/),
    ])
    expect(await warningsOf(base, { ...inputs, negativePrompt2: 'blurry', guidanceScale: 1 })).toEqual([
      expect.stringMatching(/^NEGATIVE_PROMPT_IGNORED/),
    ])
    expect(await warningsOf(base, { ...inputs, negativeOriginalSize: [32, 32] })).toEqual([
      expect.stringMatching(/^NEGATIVE_SIZES_IGNORED: .*Pass both/),
    ])
    const changed = { ...inputs, image: picture, strength: 0.5 }
    expect(await warningsOf(base, { ...changed, negativeCropsCoordsTopLeft: [8, 8] })).toEqual([
      expect.stringMatching(/^NEGATIVE_SIZES_IGNORED: negativeCropsCoordsTopLeft is ignored/),
    ])
    expect(await warningsOf(refiner, { ...changed, prompt2: 'a dog' })).toEqual([
      expect.stringMatching(/^PROMPT_2_IGNORED: prompt2 is ignored/),
    ])
  })

  test('a text that both encoders truncate causes a warning once', async () => {
    const prompt = 'cat '.repeat(200)
    expect(await warningsOf(base, { ...shared, prompt })).toEqual([
      expect.stringMatching(/^PROMPT_TRUNCATED: The prompt is longer/),
    ])
    expect(await warningsOf(base, { ...shared, prompt: 'a cat', prompt2: prompt })).toEqual([
      expect.stringMatching(/^PROMPT_TRUNCATED: The second prompt is longer/),
    ])
    expect(await warningsOf(base, { ...shared, prompt: ' ' })).toEqual([expect.stringMatching(/^PROMPT_EMPTY/)])
  })

  test('a text for the second encoder that cannot be read is refused by its own name', async () => {
    const inputs = { ...shared, prompt: 'a cat', negativePrompt: 'blurry', promptSyntax: 'a1111' }
    for (const input of ['prompt2', 'negativePrompt2']) {
      expect(await problemOf(base, { ...inputs, [input]: '(dark:2000)' })).toMatchObject({ input })
    }
  })

  test('one text stands for all prompts', async () => {
    const prompt = ['a cat', 'a dog']
    const one = await draw(base, {
      ...shared,
      prompt,
      prompt2: 'a bird',
      negativePrompt: 'blurry',
      negativePrompt2: 'dark',
    })
    const each = {
      prompt2: ['a bird', 'a bird'],
      negativePrompt: ['blurry', 'blurry'],
      negativePrompt2: ['dark', 'dark'],
    }
    expectClose('pictures', one, await draw(base, { ...shared, prompt, ...each }), { atol: 1e-4, rtol: 0 })
  })
})
