/** Models and inputs that Stable Diffusion XL refuses, and what it says of them. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  ComponentLoadError,
  IncompatibleComponentsError,
  InputTypeError,
  MissingComponentError,
  ModularPipeline,
  StableDiffusionAutoBlocks,
  StableDiffusionXLAutoBlocks,
} from '../../../index'
import { expectClose } from '../../../testing/goldens/compare'
import '../../../testing/jest'
import { expectWarnings } from '../../expected-warnings'
import { failure } from '../../src/fixtures/failures'
import { emojiFolder } from '../use-emoji-model'
import { baseFolder, copyOf, folderWith, refinerFolder } from './tiny-models'
import {
  draw,
  type Inputs,
  type Pipeline,
  picture,
  problemOf,
  shared,
  useTinyPipelines,
  warningsOf,
} from './use-tiny-pipelines'

expectWarnings('UNREAD_INDEX_ENTRIES')

const tiny = useTinyPipelines()

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
    const pipe = await tiny.opened(folderWith({ text_encoder: nothing, tokenizer: nothing }))
    const problem = await problemOf(pipe, shared)
    expect(problem).toBeInstanceOf(IncompatibleComponentsError)
    expect((problem as Error).message).toMatch(
      /takes embeddings of 40 channels, and those of the prompt have 24\. The pipeline has no first text encoder/,
    )
  })

  test('a tokenizer without its text encoder is refused', async () => {
    const pipe = await tiny.opened(folderWith({ text_encoder: [null, null] }))
    const problem = await problemOf(pipe, shared)
    expect(problem).toBeInstanceOf(IncompatibleComponentsError)
    expect((problem as Error).message).toMatch(/has the component "tokenizer" and lacks "textEncoder"/)
  })

  test('a second text encoder cannot be left out', async () => {
    const pipe = await tiny.opened(folderWith({ text_encoder_2: [null, null] }))
    expect(await problemOf(pipe, shared)).toMatchObject({
      component: 'textEncoder2',
      constructor: MissingComponentError,
    })
  })

  test('a refiner draws no picture of a prompt alone', async () => {
    const problem = await problemOf(tiny.refiner, shared)
    expect(problem).toBeInstanceOf(IncompatibleComponentsError)
    expect((problem as Error).message).toMatch(/vector of 64 numbers beside the prompt, and gets 72\. .*Pass "image"/)
  })

  test('a setting for aesthetic scores must be that of the UNet', async () => {
    const inputs = { ...shared, image: picture, strength: 0.5 }
    const [model, other] = [await tiny.opened(baseFolder), await tiny.opened(refinerFolder())]
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
    const mixed = await tiny.opened(refinerFolder())
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
    const problem = await problemOf(await tiny.opened(folder), shared)
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
    const problem = await problemOf(tiny.base, inputs)
    expect(problem).toBeInstanceOf(InputTypeError)
    expect((problem as Error).message).toMatch(words)
  })

  test('what has no effect causes a warning', async () => {
    const inputs = { ...shared, negativePrompt: undefined }
    expect(await warningsOf(tiny.base, { ...inputs, negativePrompt2: 'blurry' })).toEqual([
      expect.stringMatching(/^NEGATIVE_PROMPT_IGNORED: negativePrompt2 is ignored.*Pass negativePrompt: ''/),
    ])
    expect(await warningsOf(tiny.base, { ...inputs, negativePrompt2: 'blurry', guidanceScale: 1 })).toEqual([
      expect.stringMatching(/^NEGATIVE_PROMPT_IGNORED/),
    ])
    expect(await warningsOf(tiny.base, { ...inputs, negativeOriginalSize: [32, 32] })).toEqual([
      expect.stringMatching(/^NEGATIVE_SIZES_IGNORED: .*Pass both/),
    ])
    const changed = { ...inputs, image: picture, strength: 0.5 }
    expect(await warningsOf(tiny.base, { ...changed, negativeCropsCoordsTopLeft: [8, 8] })).toEqual([
      expect.stringMatching(/^NEGATIVE_SIZES_IGNORED: negativeCropsCoordsTopLeft is ignored/),
    ])
    expect(await warningsOf(tiny.base, { ...changed, aestheticScore: 7 })).toEqual([
      'CONDITION_IGNORED: aestheticScore (7) is ignored: this model gets target sizes in its place. Leave it out.',
    ])
    expect(await warningsOf(tiny.refiner, { ...changed, targetSize: [32, 48] })).toEqual([
      'CONDITION_IGNORED: targetSize (32,48) is ignored: this model gets aesthetic scores in its place. Leave it out.',
    ])
    expect(await warningsOf(tiny.base, { ...inputs, strength: 0.5 })).toEqual([
      expect.stringMatching(/^UNUSED_INPUT: The input "strength" was ignored/),
    ])
    expect(await warningsOf(tiny.refiner, { ...changed, prompt2: 'a dog' })).toEqual([
      expect.stringMatching(/^PROMPT_2_IGNORED: prompt2 is ignored/),
    ])
  })

  test('a text that both encoders truncate causes a warning once', async () => {
    const prompt = 'cat '.repeat(200)
    expect(await warningsOf(tiny.base, { ...shared, prompt })).toEqual([
      expect.stringMatching(/^PROMPT_TRUNCATED: The prompt is longer/),
    ])
    expect(await warningsOf(tiny.base, { ...shared, prompt: 'a cat', prompt2: prompt })).toEqual([
      expect.stringMatching(/^PROMPT_TRUNCATED: The second prompt is longer/),
    ])
    expect(await warningsOf(tiny.base, { ...shared, prompt: ' ' })).toEqual([expect.stringMatching(/^PROMPT_EMPTY/)])
  })

  test('a text for the second encoder that cannot be read is refused by its own name', async () => {
    const inputs = { ...shared, prompt: 'a cat', negativePrompt: 'blurry', promptSyntax: 'a1111' }
    for (const input of ['prompt2', 'negativePrompt2']) {
      expect(await problemOf(tiny.base, { ...inputs, [input]: '(dark:2000)' })).toMatchObject({ input })
    }
  })

  test('one text stands for all prompts', async () => {
    const prompt = ['a cat', 'a dog']
    const one = await draw(tiny.base, {
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
    expectClose('pictures', one, await draw(tiny.base, { ...shared, prompt, ...each }), { atol: 1e-4, rtol: 0 })
  })
})
