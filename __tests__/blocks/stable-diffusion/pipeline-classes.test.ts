/** What an index names as its pipeline: each class of diffusers is drawn as there, or refused by name with what to do. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type * as tf from '@tensorflow/tfjs'
import { otherPipelines } from '../../../blocks/stable-diffusion/other-pipelines'
import {
  AutoencoderKL,
  BlockExecutionError,
  EulerDiscreteScheduler,
  Generator,
  IncompatibleComponentsError,
  LatentConsistencyTextToImageBlocks,
  ModularPipeline,
  PNDMScheduler,
  SchedulerArgumentError,
  SchedulerMixin,
  StableDiffusionAutoBlocks,
  StableDiffusionTextToImageBlocks,
  selectBackend,
  UNet2DConditionModel,
  UnknownBlocksError,
} from '../../../index'
import { expectClose } from '../../../testing/goldens/compare'
import { toChannelsFirst } from '../../../testing/goldens/layout'
import { useLeakCheck } from '../../components/tensors/use-leak-check'
import { describeWithPython, runPython } from '../../python'
import { failure } from '../../src/fixtures/failures'
import { readTensors } from '../read-tensors'

type Json = Record<string, unknown>

const goldens = join(__dirname, '..', '..', 'goldens')
const checkpoint = join(goldens, 'pipelines', 'stable_diffusion')
const index = JSON.parse(readFileSync(join(checkpoint, 'model_index.json'), 'utf8')) as Json
const configOf = (name: string) => JSON.parse(readFileSync(join(checkpoint, name, 'config.json'), 'utf8')) as Json

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})
beforeAll(() => selectBackend({ backend: 'wasm', threads: 1 }))
useLeakCheck()

let emitWarning: jest.SpyInstance
beforeEach(() => {
  emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation()
})
afterEach(() => emitWarning.mockRestore())
const warnings = () => emitWarning.mock.calls.map(([message]) => String(message))

/** A folder with an index alone. */
function indexFolder(changes: Json): string {
  const folder = mkdtempSync(join(tmpdir(), 'tesserae-classes-'))
  folders.push(folder)
  writeFileSync(join(folder, 'model_index.json'), JSON.stringify({ ...index, ...changes }))
  return folder
}

/** The tiny checkpoint with another index. */
function modelFolder(changes: Json): string {
  const folder = indexFolder(changes)
  cpSync(checkpoint, folder, { recursive: true, filter: source => !source.endsWith('model_index.json') })
  return folder
}

/** Text to image as far as the latents. */
const undecoded = () => new StableDiffusionTextToImageBlocks().remove('decode').remove('postprocess')

describe('the index of a', () => {
  test.each([
    ['StableDiffusionPipeline', StableDiffusionAutoBlocks],
    ['StableDiffusionImg2ImgPipeline', StableDiffusionAutoBlocks],
    ['StableDiffusionInpaintPipeline', StableDiffusionAutoBlocks],
    ['LatentConsistencyModelPipeline', LatentConsistencyTextToImageBlocks],
  ])('%s has blocks', async (name, blocks) => {
    const pipe = await ModularPipeline.fromPretrained(indexFolder({ _class_name: name }))
    expect(pipe.blocks.constructor).toBe(blocks)
  })

  test.each(Object.entries(otherPipelines))(
    '%s is refused by name, with what to do',
    async (name, { does, advice }) => {
      const error = await failure(UnknownBlocksError, () =>
        ModularPipeline.fromPretrained(indexFolder({ _class_name: name })),
      )
      expect(error.message).toContain(
        `names the pipeline ${name}, which ${does}. No blocks are registered for it. ${advice}`,
      )
    },
  )

  test('pipeline with the same components draws as StableDiffusionPipeline if its blocks are chosen, with a warning', async () => {
    const recorded = await readTensors(join(goldens, 'corrected-pipelines', 'results.safetensors'))
    const folder = modelFolder({ _class_name: 'StableDiffusionSAGPipeline' })
    const pipe = undecoded().initPipeline(folder)
    await pipe.loadComponents()
    expect(warnings()).toEqual([
      `${join(folder, 'model_index.json')} names the pipeline StableDiffusionSAGPipeline, which adds self-attention guidance. The blocks of stable-diffusion do not do that.`,
    ])
    const latents = await pipe<tf.Tensor4D>(
      {
        prompt: ['a photograph of an astronaut', 'mars'],
        numInferenceSteps: 3,
        guidanceScale: 0,
        numImagesPerPrompt: 2,
        generator: new Generator(3),
      },
      { output: 'latents' },
    )
    expectClose('latents', toChannelsFirst(latents), recorded('guidance_0_batch'), { atol: 1e-3, rtol: 1e-3 })
    latents.dispose()
    pipe.dispose()
  })
})

describeWithPython('the pipelines of diffusers', () => {
  test('with the components of Stable Diffusion are all known', async () => {
    const program = `
import json, pathlib, re, diffusers
root = pathlib.Path(diffusers.__file__).parent / "pipelines"
folders = [root / "stable_diffusion", root / "latent_consistency_models", *(root / "deprecated").glob("stable_diffusion*")]
names = {n for f in folders for p in f.glob("*.py") for n in re.findall(r"^class (\\w+Pipeline\\w*)\\(", p.read_text(), re.M)}
print(json.dumps(sorted(n for n in names if not n.endswith("Output"))))`
    const names = await runPython<string[]>(program)
    const drawn = ['StableDiffusionPipeline', 'StableDiffusionImg2ImgPipeline', 'StableDiffusionInpaintPipeline']
    const known = new Set([...Object.keys(otherPipelines), ...drawn, 'LatentConsistencyModelPipeline'])
    expect(names.length).toBeGreaterThan(25)
    expect(names.filter(name => !known.has(name))).toEqual([])
  }, 120_000)
})

describe('models that are made for another task are refused before the first step', () => {
  const ofUNet: [string, Json, RegExp][] = [
    ['Inpaint', { in_channels: 9 }, /the UNet takes 9 channels.* made for inpainting/],
    ['InstructPix2Pix', { in_channels: 8 }, /the UNet takes 8 channels.* made for editing by instructions/],
    ['Upscale', { in_channels: 7, num_class_embeds: 1000 }, /the UNet takes 7 channels.* made for upscaling/],
    ['Depth2Img', { in_channels: 5 }, /the UNet takes 5 channels.* made for depth to image/],
    [
      'StableUnCLIP',
      { class_embed_type: 'projection', projection_class_embeddings_input_dim: 8 },
      /class_embed_type is "projection".*Load a checkpoint for text to image/,
    ],
    ['class labels', { num_class_embeds: 10 }, /num_class_embeds is 10.*Load a checkpoint for text to image/],
  ]

  test.each(ofUNet)('%s', async (_, settings, problem) => {
    const pipe = undecoded().initPipeline(checkpoint)
    await pipe.loadComponents({ names: ['tokenizer', 'textEncoder', 'vae', 'scheduler'] })
    const unet = UNet2DConditionModel.fromConfig({ ...configOf('unet'), ...settings })
    pipe.updateComponents({ unet })
    const error = await failure(IncompatibleComponentsError, () => pipe({ prompt: 'mars' }))
    expect(error.message).toMatch(problem)
    pipe.dispose()
    unet.dispose()
  })

  test('LDM3D, whose VAE makes depth beside color', async () => {
    const pipe = undecoded().initPipeline(checkpoint)
    await pipe.loadComponents({ names: ['tokenizer', 'textEncoder', 'unet', 'scheduler'] })
    const vae = AutoencoderKL.fromConfig({ ...configOf('vae'), in_channels: 6, out_channels: 6 })
    pipe.updateComponents({ vae })
    const error = await failure(IncompatibleComponentsError, () => pipe({ prompt: 'mars' }))
    expect(error.message).toMatch(/the VAE makes pictures of 6 channels/)
    pipe.dispose()
    vae.dispose()
  })

  test.each([
    ['GLIGEN', { attention_type: 'gated' }, 'attention_type'],
    ['LatentUpscale', { down_block_types: ['KDownBlock2D', 'KCrossAttnDownBlock2D'] }, 'down_block_types'],
  ])('%s, whose config is refused', (_, settings, key) => {
    expect(() => UNet2DConditionModel.fromConfig({ ...configOf('unet'), ...settings })).toThrow(key)
  })

  test('a UNet that does not take the guidance scale, in a latent consistency pipeline', async () => {
    const pipe = new LatentConsistencyTextToImageBlocks().initPipeline(checkpoint)
    await pipe.loadComponents()
    const error = await failure(IncompatibleComponentsError, () => pipe({ prompt: 'mars' }))
    expect(error.message).toMatch(/has no time_cond_proj_dim.*Use StableDiffusionTextToImageBlocks/)
    pipe.dispose()
  })
})

describe('entries of an index that no block reads', () => {
  test.each<[string, Json, string | undefined]>([
    [
      'a safety checker, which blocks do read',
      {
        safety_checker: ['stable_diffusion', 'StableDiffusionSafetyChecker'],
        feature_extractor: ['transformers', 'CLIPImageProcessor'],
        requires_safety_checker: true,
      },
      undefined,
    ],
    ['an image encoder', { image_encoder: ['transformers', 'CLIPVisionModelWithProjection'] }, undefined],
    ['nothing', {}, undefined],
  ])('%s', async (_, changes, expected) => {
    const folder = modelFolder(changes)
    const pipe = new StableDiffusionTextToImageBlocks().initPipeline(folder)
    await pipe.loadComponents({ names: ['scheduler'] })
    await pipe.loadComponents({ names: ['scheduler'] })
    const file = join(folder, 'model_index.json')
    expect(warnings()).toEqual(expected === undefined ? [] : [`${file}: no block reads ${expected}`])
    pipe.dispose()
  })
})

describe('settings of a run', () => {
  test.each([
    ['timesteps', { timesteps: [900, 500, 1] }],
    ['sigmas', { sigmas: [10, 5, 0] }],
  ])('%s are refused by schedulers that do not take them', async (name, inputs) => {
    const pipe = undecoded().initPipeline(checkpoint)
    await pipe.loadComponents()
    const error = await failure(BlockExecutionError, () => pipe({ prompt: 'mars', ...inputs }))
    expect(error.cause).toBeInstanceOf(SchedulerArgumentError)
    expect(error.message).toContain('PNDMScheduler')
    expect(error.message).toContain(name)
    pipe.dispose()
  })

  test('timesteps and sigmas exclude each other', async () => {
    const pipe = undecoded().initPipeline(checkpoint)
    await pipe.loadComponents()
    pipe.updateComponents({ scheduler: new EulerDiscreteScheduler() })
    const inputs = { prompt: 'mars', timesteps: [900, 1], sigmas: [10, 0] }
    const error = await failure(BlockExecutionError, () => pipe(inputs))
    expect(error.cause).toBeInstanceOf(SchedulerArgumentError)
    expect(error.message).toContain('cannot be given together with timesteps')
    pipe.dispose()
  })

  test.each([
    ['EulerDiscreteScheduler', ['eta (0.5) is ignored: EulerDiscreteScheduler does not use it']],
    ['DDIMScheduler', []],
    ['TCDScheduler', []],
  ])('eta with %s', async (name, expected) => {
    const pipe = undecoded().initPipeline(checkpoint)
    await pipe.loadComponents()
    pipe.updateComponents({ scheduler: SchedulerMixin.fromConfig({ _class_name: name }) })
    const latents = await pipe<tf.Tensor4D>(
      { prompt: 'mars', eta: 0.5, numInferenceSteps: 2, guidanceScale: 1 },
      { output: 'latents', seed: 1 },
    )
    expect(warnings()).toEqual(expected.map(text => expect.stringContaining(text)))
    latents.dispose()
    pipe.dispose()
  })

  test('a scheduler that was made by hand is taken as it is, as in Python', async () => {
    const pipe = undecoded().initPipeline(checkpoint)
    await pipe.loadComponents()
    const scheduler = new PNDMScheduler({ stepsOffset: 0, skipPrkSteps: true })
    pipe.updateComponents({ scheduler })
    expect((pipe.components.scheduler as SchedulerMixin).config).toMatchObject({ stepsOffset: 0 })
    expect(warnings()).toEqual([])
    pipe.dispose()
  })
})
