/** A pipeline of one file draws what the folder with the same weights draws. */
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  AutoencoderKL,
  bundledModel,
  CLIPTokenizer,
  DDIMScheduler,
  EulerDiscreteScheduler,
  type Image,
  ModularPipeline,
  SchedulerMixin,
  StableDiffusionTextToImageBlocks,
} from '../../../index'
import { ModelIndexError } from '../../../src/errors/model-index-error'
import { catchWarnings } from '../../src/fixtures/emitted-warnings'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { useBackend } from '../models/use-backend'
import { writeOriginalFile } from './original-file'
import { rewriteFile, writeZeros, zeros } from './rewritten-file'

const goldens = join(__dirname, '..', '..', 'goldens')
const single = (name: string) => join(goldens, 'single_file', name)
const model = join(goldens, 'pipelines', 'stable_diffusion')

useBackend('wasm')
const folder = useTemporaryFolder()

async function draw(pipe: ModularPipeline, executor: 'eager' | 'graph'): Promise<Uint8ClampedArray | Uint8Array> {
  await pipe.loadComponents({ executor })
  const inputs = { prompt: 'low w', numInferenceSteps: 2, height: 32, width: 32 }
  const [image] = await pipe<Image[]>(inputs, { output: 'images', seed: 1 })
  pipe.dispose()
  return (image as Image).data
}

describe('A whole model', () => {
  test.each(['eager', 'graph'] as const)('gives the picture of its folder on the executor %s', async executor => {
    const file = join(folder(), 'model.safetensors')
    await writeOriginalFile(model, file)
    const expected = await draw(await ModularPipeline.fromPretrained(model), executor)
    expect(await draw(await ModularPipeline.fromSingleFile(file, { config: model }), executor)).toEqual(expected)
  })

  test('is saved as a folder, and loaded from there', async () => {
    const file = join(folder(), 'model.safetensors')
    await writeOriginalFile(bundledModel('emoji'), file)
    const pipe = await ModularPipeline.fromSingleFile(file, { config: bundledModel('emoji') })
    await pipe.loadComponents({ executor: 'graph' })
    const saved = join(folder(), 'saved')
    await pipe.savePretrained(saved)
    pipe.dispose()
    const again = await ModularPipeline.fromPretrained(saved)
    await again.loadComponents()
    expect(again.missingComponentNames).toEqual([])
    again.dispose()
  })

  test('names its file as the place of each component', async () => {
    const file = join(folder(), 'model.safetensors')
    await writeOriginalFile(model, file)
    const pipe = new StableDiffusionTextToImageBlocks().initPipeline(file)
    expect(pipe.getComponentSpec('textEncoder')).toMatchObject({
      pretrainedModelNameOrPath: file,
      subfolder: 'text_encoder',
      className: 'CLIPTextModel',
    })
    expect(pipe.configToSave).toMatchObject({
      unet: [null, null, { pretrained_model_name_or_path: file, subfolder: 'unet' }],
    })
    pipe.dispose()
  })

  test('is refused by a pipeline that was made of another file of that name', async () => {
    const file = join(folder(), 'model.safetensors')
    await writeOriginalFile(model, file)
    const pipe = await ModularPipeline.fromSingleFile(file, { config: model })
    await copyFile(join(single('sd1'), 'original_ema.safetensors'), file)
    await expect(pipe.loadComponents()).rejects.toThrow('was saved again after its index was read')
    pipe.dispose()
  })

  test('takes options of single files for components of that file alone', async () => {
    const pipe = await ModularPipeline.fromPretrained(model)
    await expect(pipe.loadComponents({ names: 'scheduler', predictionType: 'epsilon' })).rejects.toThrow(
      'the option "predictionType" is for one file of weights',
    )
    pipe.dispose()
  })
})

describe('The blocks and the scheduler', () => {
  const open = async (name: string, options = {}) => {
    const pipe = await ModularPipeline.fromSingleFile(join(single(name)), options)
    const { scheduler, unet } = Object.fromEntries(pipe.componentNames.map(name => [name, pipe.getComponentSpec(name)]))
    const names = pipe.componentNames.filter(
      name => pipe.getComponentSpec(name)?.pretrainedModelNameOrPath !== undefined,
    )
    const result = {
      blocks: pipe.blocks.constructor.name,
      scheduler: scheduler?.className,
      unet: unet?.className,
      names,
      config: pipe.config,
    }
    pipe.dispose()
    return result
  }

  test.each([
    ['sd1/original_ema.safetensors', 'StableDiffusionAutoBlocks', 'PNDMScheduler'],
    ['sd1_inpaint/original.safetensors', 'StableDiffusionAutoBlocks', 'DDIMScheduler'],
    ['sdxl_base/original_fp16_extra.safetensors', 'StableDiffusionXLAutoBlocks', 'EulerDiscreteScheduler'],
    ['sdxl_refiner/original.safetensors', 'StableDiffusionXLAutoBlocks', 'EulerDiscreteScheduler'],
  ])('of %s are those of its family', async (name, blocks, scheduler) => {
    expect(await open(name)).toMatchObject({ blocks, scheduler, unet: 'UNet2DConditionModel' })
  })

  test('of a refiner have one text encoder, and ask for aesthetic scores', async () => {
    const { names, config } = await open('sdxl_refiner/original.safetensors')
    expect(names.toSorted()).toEqual(['scheduler', 'textEncoder2', 'tokenizer2', 'unet', 'vae'])
    expect(config).toMatchObject({ requiresAestheticsScore: true, forceZerosForEmptyPrompt: false })
  })

  test('of a model with guidance as an input are those of latent consistency', async () => {
    const file = join(folder(), 'lcm.safetensors')
    const adapters = join(goldens, 'pipelines', 'stable_diffusion_adapters')
    await writeOriginalFile(adapters, file, { unet: 'unet_lcm' })
    const pipe = await ModularPipeline.fromSingleFile(file)
    expect(pipe.blocks.constructor.name).toBe('LatentConsistencyTextToImageBlocks')
    expect(pipe.getComponentSpec('scheduler')?.className).toBe('LCMScheduler')
    pipe.dispose()
  })
})

describe('What Stable Diffusion 2 predicts', () => {
  const file = join(single('sd2'), 'original.safetensors')
  const predictionOf = async (file: string, options = {}) => {
    const scheduler = await SchedulerMixin.fromSingleFile(file, options)
    return [scheduler.constructor.name, (scheduler.config as { predictionType?: string }).predictionType]
  }
  const step = (count: bigint) => ({ dtype: 'I64' as const, shape: [], data: new BigInt64Array([count]) })

  test('is velocity where nothing says otherwise, with a warning', async () => {
    const warnings = catchWarnings()
    expect(await predictionOf(file)).toEqual(['DDIMScheduler', 'v_prediction'])
    expect(warnings()).toEqual([expect.stringMatching(/^GUESSED_SETTING: .*"v_prediction" was assumed/)])
  })

  test('is what the caller, the training step, a key or the metadata says', async () => {
    const warnings = catchWarnings()
    expect(await predictionOf(file, { predictionType: 'epsilon' })).toEqual(['PNDMScheduler', 'epsilon'])
    const written = join(folder(), 'sd2.safetensors')
    const write = (options: object) => rewriteFile(file, written, key => ({ key }), options)
    await write({ extra: { global_step: step(875_000n) } })
    expect(await predictionOf(written)).toEqual(['PNDMScheduler', 'epsilon'])
    await write({ extra: { global_step: step(140_000n) } })
    expect(await predictionOf(written)).toEqual(['DDIMScheduler', 'v_prediction'])
    await write({ metadata: { 'modelspec.prediction_type': 'epsilon' } })
    expect(await predictionOf(written)).toEqual(['PNDMScheduler', 'epsilon'])
    expect(warnings()).toEqual([])
  })

  test('is what the keys v_pred and ztsnr say, for other families too', async () => {
    const written = join(folder(), 'xl.safetensors')
    const extra = { v_pred: zeros(), ztsnr: zeros() }
    await rewriteFile(join(single('sdxl_base'), 'original_fp16_extra.safetensors'), written, key => ({ key }), {
      extra,
    })
    const scheduler = await SchedulerMixin.fromSingleFile(written)
    expect(scheduler).toBeInstanceOf(EulerDiscreteScheduler)
    expect(scheduler.config).toMatchObject({
      predictionType: 'v_prediction',
      rescaleBetasZeroSnr: true,
      timestepSpacing: 'trailing',
    })
  })

  test('is taken into a scheduler of another class', async () => {
    const scheduler = await DDIMScheduler.fromSingleFile(file, { predictionType: 'epsilon' })
    expect(scheduler).toBeInstanceOf(DDIMScheduler)
  })
})

describe("CLIP's tokenizer", () => {
  const texts = ['a photo of a cat!', 'café — 3 日本', '']

  test.each([
    ['sd1/original_ema.safetensors', 'tokenizer', 49407],
    ['sd2/original.safetensors', 'tokenizer', 0],
    ['sdxl_base/original_fp16_extra.safetensors', 'tokenizer', 49407],
    ['sdxl_base/original_fp16_extra.safetensors', 'tokenizer_2', 0],
  ])('comes with the package for %s (%s)', async (name, subfolder, padTokenId) => {
    const tokenizer = await CLIPTokenizer.fromSingleFile(single(name), { subfolder })
    expect(tokenizer.padTokenId).toBe(padTokenId)
    expect(tokenizer.encode(texts, { padding: 'max_length' }).inputIds.map(row => row.length)).toEqual([77, 77, 77])
  })

  test('is the published one, token by token', async () => {
    const ours = await CLIPTokenizer.fromSingleFile(single('sd1/original_ema.safetensors'))
    const published = await CLIPTokenizer.fromPretrained(join(goldens, 'tokenizer', 'clip'))
    expect(ours.encode(texts)).toEqual(published.encode(texts))
    await ours.savePretrained(join(folder(), 'ours'))
    await published.savePretrained(join(folder(), 'published'))
    const vocabulary = (name: string) => require(join(folder(), name, 'vocab.json')) as Record<string, number>
    expect(vocabulary('ours')).toEqual(vocabulary('published'))
  })
})

describe('A file without a whole model', () => {
  test('is refused with how to load it', async () => {
    const open = (name: string) => ModularPipeline.fromSingleFile(single(name))
    await expect(open('vae/original.safetensors')).rejects.toThrow(
      'this is a VAE, and a pipeline needs a UNet. Load it with AutoencoderKL.fromSingleFile()',
    )
    await expect(open('controlnet_sd1/original.safetensors')).rejects.toThrow(
      'Load it with ControlNetModel.fromSingleFile()',
    )
    const lora = join(folder(), 'lora.safetensors')
    await writeZeros(lora, { 'lora_unet_mid_block.lora_up.weight': [4, 1] })
    await expect(ModularPipeline.fromSingleFile(lora)).rejects.toThrow(
      'this is a LoRA, not a model that can be loaded. Pass it',
    )
  })

  test('makes a pipeline that asks for the rest, if it holds a UNet', async () => {
    const file = join(folder(), 'unet.safetensors')
    const ofUNet = (key: string) => (key.startsWith('model.diffusion_model.') ? { key } : undefined)
    await rewriteFile(join(single('sd1'), 'original_ema.safetensors'), file, ofUNet)
    const pipe = await ModularPipeline.fromSingleFile(file, {
      config: join(single('sd1'), 'diffusers'),
      blocks: new StableDiffusionTextToImageBlocks(),
    }).catch((error: unknown) => error)
    // That folder has no index.
    expect(pipe).toBeInstanceOf(ModelIndexError)
    const open = await ModularPipeline.fromSingleFile(file)
    expect(open.missingComponentNames).toEqual(expect.arrayContaining(['vae', 'textEncoder', 'tokenizer']))
    expect(open.getComponentSpec('vae')?.pretrainedModelNameOrPath).toBeUndefined()
    const vae = await AutoencoderKL.fromSingleFile(single('vae/original.safetensors'), {
      config: join(single('vae'), 'diffusers'),
      subfolder: '.',
    })
    open.updateComponents({ vae })
    expect(open.missingComponentNames).not.toContain('vae')
    open.dispose()
    vae.dispose()
  })
})
