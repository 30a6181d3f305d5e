/** The safety checker of a model: flagged pictures are black, the others as they were. */
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  CLIPImageProcessor,
  ComponentLoadError,
  type Image,
  ModularPipeline,
  StableDiffusionSafetyChecker,
  StableDiffusionTextToImageBlocks,
} from '../../../index'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { goldenFolder } from '../../components/models/golden-model-case'
import { emojiFolder, failureOf, useEmojiModel } from '../use-emoji-model'
import { smallFeatures, writeSafetyChecker } from './safety-checkers'

const emoji = useEmojiModel()
const folder = useTemporaryFolder()

const inputs = { prompt: ['red apple', 'purple cat', 'rocket'], numInferenceSteps: 2, guidanceScale: 1 }
const outputs = { output: ['images', 'nsfwContentDetected'], seed: 1 } as const
interface Drawn {
  images: Image[]
  nsfwContentDetected: boolean[] | undefined
}
const featureExtractor = new CLIPImageProcessor(smallFeatures)
const isBlack = ({ data }: Image) => data.every(byte => byte === 0)

/** Pictures without a checker. */
const draw = async () =>
  (await emoji.pipelineOf(new StableDiffusionTextToImageBlocks())(inputs, outputs)) as unknown as Drawn

/** A concept that one picture is closer to than the others, and a threshold between. */
async function between(images: readonly Image[]): Promise<{ concept: number; threshold: number; closest: number }> {
  const checker = await StableDiffusionSafetyChecker.fromPretrained(goldenFolder('safety_checker'))
  const clipInput = await featureExtractor.preprocess(images)
  const { special, concepts } = checker.forward(clipInput)
  const rows = concepts.arraySync()
  for (const tensor of [special, concepts, clipInput]) tensor.dispose()
  checker.dispose()
  const gaps = (rows[0] as number[]).map((_, concept) => {
    const cosines = rows.map(row => row[concept] as number)
    const [first = 0, second = 0] = cosines.toSorted((a, b) => b - a)
    return { concept, gap: first - second, threshold: (first + second) / 2, closest: cosines.indexOf(first) }
  })
  return gaps.toSorted((a, b) => b.gap - a.gap)[0] as (typeof gaps)[number]
}

describe('a pipeline with a safety checker', () => {
  test('gives black pictures for those that it flags, and warns', async () => {
    const { images: plain, nsfwContentDetected } = await draw()
    expect(nsfwContentDetected).toBeUndefined()
    const { closest, ...limit } = await between(plain)
    writeSafetyChecker(folder(), limit)
    const safetyChecker = await StableDiffusionSafetyChecker.fromPretrained(folder())
    const pipe = emoji.pipelineOf(new StableDiffusionTextToImageBlocks(), { safetyChecker, featureExtractor })
    const warnings: string[] = []
    const onEvent = (event: { type: string; code?: string }) => void (event.code && warnings.push(event.code))
    const drawn = (await pipe(inputs, { ...outputs, onEvent })) as unknown as Drawn
    const flagged = [0, 1, 2].map(i => i === closest)
    expect(drawn.nsfwContentDetected).toEqual(flagged)
    expect(drawn.images.map(isBlack)).toEqual(flagged)
    for (const [i, image] of drawn.images.entries()) if (!flagged[i]) expect(image).toEqual(plain[i])
    expect(warnings).toEqual(['UNSAFE_PICTURE'])
    safetyChecker.dispose()
  })

  test('needs a feature extractor', async () => {
    writeSafetyChecker(folder(), { concept: 0, threshold: -1 })
    const safetyChecker = await StableDiffusionSafetyChecker.fromPretrained(folder())
    const pipe = emoji.pipelineOf(new StableDiffusionTextToImageBlocks(), { safetyChecker })
    const error = await failureOf(pipe(inputs, outputs))
    expect(String(error)).toContain('the safety checker has no feature extractor')
    safetyChecker.dispose()
  })
})

describe('a model whose index names a safety checker', () => {
  /** A copy of the emoji model with a checker that flags everything. */
  function modelWithChecker(): string {
    const model = join(folder(), 'model')
    mkdirSync(model)
    for (const part of ['scheduler', 'text_encoder', 'tokenizer', 'unet', 'vae'])
      symlinkSync(join(emojiFolder, part), join(model, part))
    writeSafetyChecker(join(model, 'safety_checker'), { concept: 0, threshold: -1 })
    // What the golden case holds besides the model.
    for (const file of ['case.json', 'io.safetensors']) rmSync(join(model, 'safety_checker', file))
    mkdirSync(join(model, 'feature_extractor'))
    writeFileSync(join(model, 'feature_extractor', 'preprocessor_config.json'), JSON.stringify(smallFeatures))
    const index = JSON.parse(readFileSync(join(emojiFolder, 'model_index.json'), 'utf8')) as object
    const entries = {
      safety_checker: ['stable_diffusion', 'StableDiffusionSafetyChecker'],
      feature_extractor: ['transformers', 'CLIPImageProcessor'],
      requires_safety_checker: true,
    }
    writeFileSync(join(model, 'model_index.json'), JSON.stringify({ ...index, ...entries }))
    return model
  }

  test('loads and uses it', async () => {
    const pipe = await ModularPipeline.fromPretrained(modelWithChecker())
    await pipe.loadComponents()
    const [image] = await pipe<Image[]>(
      { prompt: 'pizza', numInferenceSteps: 1 },
      { output: 'images', seed: 1, onEvent: () => undefined },
    )
    expect(isBlack(image as Image)).toBe(true)
    pipe.dispose()
  })

  test('is used without it if it is removed, and says so once', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const pipe = await ModularPipeline.fromPretrained(modelWithChecker())
    pipe.updateComponents({ safetyChecker: null })
    await pipe.loadComponents()
    expect(pipe.components['safetyChecker']).toBeUndefined()
    for (const seed of [1, 2]) {
      const [image] = await pipe<Image[]>({ prompt: 'pizza', numInferenceSteps: 1 }, { output: 'images', seed })
      expect(isBlack(image as Image)).toBe(false)
    }
    const codes = warn.mock.calls.map(([, options]) => (options as unknown as { code: string }).code)
    expect(codes.filter(code => code === 'NO_SAFETY_CHECKER')).toHaveLength(1)
    pipe.dispose()
  })

  describe('whose files are missing', () => {
    /** Loads the model twice, and draws. Returns the warnings of the process by their codes. */
    async function drawWithout(...paths: string[]) {
      const model = modelWithChecker()
      for (const path of paths) rmSync(join(model, path), { recursive: true })
      const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
      const pipes = [await ModularPipeline.fromPretrained(model), await ModularPipeline.fromPretrained(model)]
      for (const pipe of pipes) await pipe.loadComponents()
      const [pipe] = pipes as [ModularPipeline]
      const run = { output: ['images', 'nsfwContentDetected'], seed: 1, onEvent: () => undefined } as const
      const drawn = (await pipe({ prompt: 'pizza', numInferenceSteps: 1 }, run)) as unknown as Drawn
      const messages = warn.mock.calls.filter(
        ([, options]) => (options as unknown as { code: string }).code === 'MISSING_COMPONENT_FILES',
      )
      const { safetyChecker, featureExtractor } = pipe.components as Record<string, unknown>
      const missing = pipe.missingComponentNames
      for (const pipe of pipes) pipe.dispose()
      warn.mockRestore()
      return { drawn, missing, safetyChecker, featureExtractor, messages: messages.map(([message]) => String(message)) }
    }

    test.each([['safety_checker'], ['safety_checker/model.safetensors']])(
      'is used without it if %s is gone, and says so once',
      async path => {
        const { drawn, missing, safetyChecker, featureExtractor, messages } = await drawWithout(path)
        expect(safetyChecker).toBeUndefined()
        expect(featureExtractor).toBeInstanceOf(CLIPImageProcessor)
        expect(missing).toEqual([])
        expect(drawn.images.map(isBlack)).toEqual([false])
        expect(drawn.nsfwContentDetected).toBeUndefined()
        expect(messages).toEqual([expect.stringContaining('safetyChecker is left out')])
        expect(messages[0]).toContain('Pictures are not checked for safety.')
        expect(messages[0]).toContain(join('model', 'safety_checker'))
      },
    )

    test('is used without it if the feature extractor is gone, and says so once', async () => {
      const { drawn, missing, safetyChecker, featureExtractor, messages } = await drawWithout('feature_extractor')
      expect([safetyChecker, featureExtractor]).toEqual([undefined, undefined])
      expect(missing).toEqual([])
      expect(drawn.images.map(isBlack)).toEqual([false])
      expect(messages).toEqual([expect.stringContaining('"featureExtractor" and "safetyChecker" are left out')])
    })

    test('fails to load it if it is named, if only a variant exists, or if the weights are damaged', async () => {
      const model = modelWithChecker()
      const weights = join(model, 'safety_checker', 'model.safetensors')
      const pipe = await ModularPipeline.fromPretrained(model)
      renameSync(weights, join(model, 'safety_checker', 'model.fp16.safetensors'))
      expect(await failureOf(pipe.loadComponents())).toBeInstanceOf(ComponentLoadError)
      rmSync(join(model, 'safety_checker', 'model.fp16.safetensors'))
      writeFileSync(weights, 'damaged')
      expect(await failureOf(pipe.loadComponents())).toBeInstanceOf(ComponentLoadError)
      rmSync(join(model, 'safety_checker'), { recursive: true })
      const error = await failureOf(pipe.loadComponents({ names: 'safetyChecker' }))
      expect([...(error as ComponentLoadError).failures.keys()]).toEqual(['safetyChecker'])
      pipe.dispose()
    })

    test('keeps a safety checker that was supplied', async () => {
      const model = modelWithChecker()
      const safetyChecker = await StableDiffusionSafetyChecker.fromPretrained(join(model, 'safety_checker'))
      rmSync(join(model, 'feature_extractor'), { recursive: true })
      const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
      const pipe = await ModularPipeline.fromPretrained(model)
      pipe.updateComponents({ safetyChecker })
      await pipe.loadComponents()
      expect(pipe.components['safetyChecker']).toBe(safetyChecker)
      warn.mockRestore()
      pipe.dispose()
      safetyChecker.dispose()
    })
  })
})
