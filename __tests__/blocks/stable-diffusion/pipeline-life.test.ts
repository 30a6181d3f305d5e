import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import {
  CLIPTextModel,
  ComponentLoadError,
  ComponentSpec,
  EulerDiscreteScheduler,
  type Image,
  MissingComponentError,
  ModularPipeline,
  type ModularPipelineBlocks,
  type PipelineState,
  PipelineValidationError,
  SequentialPipelineBlocks,
  StableDiffusionAutoBlocks,
  StableDiffusionTextToImageBlocks,
  UNet2DConditionModel,
} from '../../../index'
import { loadIdOf } from '../../../src/params/load-ids'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { expectWarnings } from '../../expected-warnings'
import { modularEntry, writeModularModel } from '../../src/fixtures/model-folder'
import { emojiFolder, failureOf, useEmojiModel } from '../use-emoji-model'

expectWarnings('OUTSIDE_FOLDER', 'IGNORED_SETTINGS')

const emoji = useEmojiModel()
const folder = useTemporaryFolder()
const call = { prompt: 'pizza', negativePrompt: 'rocket', numInferenceSteps: 2 }
const seeded = { output: 'images', seed: 1 } as const
const bytes = (images: unknown) => (images as Image[]).map(image => [...image.data])

/** Gives the tensors of a state back. */
function disposeState(state: PipelineState): void {
  for (const value of state.values.values()) if (value instanceof tf.Tensor) value.dispose()
}

describe('the bundled model', () => {
  test('is a pipeline by its index alone', async () => {
    const pipe = await ModularPipeline.fromPretrained(emojiFolder)
    expect(pipe.blocks).toBeInstanceOf(StableDiffusionAutoBlocks)
    const optional = ['safetyChecker', 'featureExtractor', 'imageEncoder', 'controlnet', 'adapter']
    expect(pipe.nullComponentNames).toEqual(pipe.pretrainedComponentNames.filter(name => !optional.includes(name)))
    await pipe.loadComponents({ dtype: 'float32' })
    const expected = await emoji.pipelineOf(new StableDiffusionTextToImageBlocks())(call, seeded)
    expect(bytes(await pipe.run(call, seeded))).toEqual(bytes(expected))
    pipe.dispose()
  })

  test('has a modular index with the names and libraries of its classes', () => {
    const pipe = new StableDiffusionTextToImageBlocks().initPipeline(emojiFolder)
    const index = pipe.configToSave as Record<string, [unknown, unknown, { type_hint: unknown }]>
    expect(index).toMatchObject({
      _class_name: 'ModularPipeline',
      _blocks_class_name: 'StableDiffusionTextToImageBlocks',
    })
    const hints = Object.fromEntries(
      Object.entries(index).flatMap(([key, entry]) => (Array.isArray(entry) ? [[key, entry[2].type_hint]] : [])),
    )
    expect(hints).toEqual({
      feature_extractor: ['transformers', 'CLIPImageProcessor'],
      image_encoder: ['transformers', 'CLIPVisionModelWithProjection'],
      safety_checker: ['stable_diffusion', 'StableDiffusionSafetyChecker'],
      scheduler: ['diffusers', 'DDIMScheduler'],
      text_encoder: ['transformers', 'CLIPTextModel'],
      tokenizer: ['transformers', 'CLIPTokenizer'],
      unet: ['diffusers', 'UNet2DConditionModel'],
      vae: ['diffusers', 'AutoencoderKL'],
    })
  })

  test('draws the same when it is read by its modular index', async () => {
    const index = new StableDiffusionTextToImageBlocks().initPipeline(emojiFolder).configToSave
    writeModularModel(folder(), index)
    const pipe = await ModularPipeline.fromPretrained(folder())
    await pipe.loadComponents()
    expect(loadIdOf(pipe.components.unet)).toBe(`${emojiFolder}|unet|null|null`)
    expect(pipe.configToSave['text_encoder']).toMatchObject(['transformers', 'CLIPTextModel', {}])
    const expected = await emoji.pipelineOf(new StableDiffusionTextToImageBlocks())(call, seeded)
    expect(bytes(await pipe.run(call, seeded))).toEqual(bytes(expected))
    pipe.dispose()
  })

  test('takes a scheduler of another class into the index when it is replaced', async () => {
    const pipe = new StableDiffusionTextToImageBlocks().initPipeline(emojiFolder)
    pipe.updateComponents({ scheduler: EulerDiscreteScheduler.fromConfig(emoji.scheduler.config) })
    expect(pipe.configToSave['scheduler']).toMatchObject([
      'diffusers',
      'EulerDiscreteScheduler',
      { pretrained_model_name_or_path: null, type_hint: ['diffusers', 'EulerDiscreteScheduler'] },
    ])
  })

  test('is not loaded as numbers that its models cannot be of, and leaves nothing', async () => {
    const pipe = new StableDiffusionTextToImageBlocks().initPipeline(emojiFolder)
    const error = (await failureOf(pipe.loadComponents({ dtype: 'int8' as 'float16' }))) as ComponentLoadError
    expect(error).toBeInstanceOf(ComponentLoadError)
    expect([...error.failures.keys()].sort()).toEqual(['textEncoder', 'unet', 'vae'])
    expect(error.message).toContain('(UNet2DConditionModel) cannot be cast to "int8"')
    pipe.dispose()
  })

  test('loads a component of which no block and no index state the class', async () => {
    const spec = new ComponentSpec({ name: 'any', pretrainedModelNameOrPath: emojiFolder, subfolder: 'unet' })
    const unet = (await spec.load()) as UNet2DConditionModel
    expect(unet).toBeInstanceOf(UNet2DConditionModel)
    unet.dispose()
    const index = modularEntry({ pretrained_model_name_or_path: emojiFolder, subfolder: 'text_encoder' }, [
      'transformers',
      'MagicTextModel',
    ])
    writeModularModel(folder(), { text_encoder: index })
    const pipe = await ModularPipeline.fromPretrained(folder(), { blocks: new StableDiffusionTextToImageBlocks() })
    const error = await failureOf(pipe.loadComponents())
    expect(error).toBeInstanceOf(ComponentLoadError)
    expect((error as Error).message).toContain('MagicTextModel')
    pipe.dispose()
  })

  test('says that a component is not there after it was unloaded, and draws when it is back', async () => {
    const pipe = await new StableDiffusionTextToImageBlocks().initPipeline(emojiFolder).loadComponents()
    const textEncoder = pipe.components.textEncoder as CLIPTextModel
    expect(textEncoder).toBeInstanceOf(CLIPTextModel)
    pipe.unloadComponents('textEncoder')
    const error = (await failureOf(pipe(call, seeded))) as PipelineValidationError
    expect(error).toBeInstanceOf(PipelineValidationError)
    expect(error.issues[0]).toBeInstanceOf(MissingComponentError)
    expect(error.message).toContain(`loads it from ${join(emojiFolder, 'text_encoder')}`)
    await pipe.loadComponents()
    expect(bytes(await pipe(call, seeded))).toHaveLength(1)
    pipe.dispose()
  })
})

describe('stages', () => {
  test('share components, and draw what the whole draws', async () => {
    const whole = emoji.pipelineOf(new StableDiffusionTextToImageBlocks())
    const expected = bytes(await whole(call, seeded))

    const blocks = new StableDiffusionTextToImageBlocks()
    const part = (name: string) => blocks.subBlocks.get(name) as ModularPipelineBlocks // It has them all.
    const [encodePrompt, decode, postprocess] = [part('encodePrompt'), part('decode'), part('postprocess')]
    const text = SequentialPipelineBlocks.fromBlocksDict({ encodePrompt }).initPipeline()
    text.updateComponents({ tokenizer: emoji.tokenizer, textEncoder: emoji.textEncoder })
    const denoise = emoji.pipelineOf(
      blocks.remove('prepareModels').remove('encodePrompt').remove('decode').remove('postprocess'),
    )
    const picture = SequentialPipelineBlocks.fromBlocksDict({ decode, postprocess }).initPipeline()
    picture.updateComponents({ vae: whole.components.vae })
    expect(picture.components.vae).toBe(whole.components.vae)

    const { prompt, negativePrompt, numInferenceSteps } = call
    const encoded = (await text.run({ prompt, negativePrompt }, {})) as PipelineState
    const group = encoded.getByKwargs('denoiserInputFields')
    expect(Object.keys(group).sort()).toEqual(['negativePromptEmbeds', 'promptEmbeds'])
    const inputs = { ...group, batchSize: encoded.get('batchSize'), numInferenceSteps }
    const byInputs = (await denoise.run(inputs, { seed: 1, output: 'latents' })) as tf.Tensor
    const state = (await denoise.run({ numInferenceSteps }, { state: encoded, seed: 1 })) as PipelineState
    expect(encoded.has('latents')).toBe(false)

    expect(bytes(await picture.run({ latents: byInputs }, { output: 'images' }))).toEqual(expected)
    expect(bytes(await picture.run({}, { state, output: 'images' }))).toEqual(expected)
    byInputs.dispose()
    disposeState(state)
    disposeState(encoded)
  })
})
