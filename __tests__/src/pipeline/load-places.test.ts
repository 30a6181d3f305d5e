/** Where pipelines are loaded from and saved to: URLs, relative paths, folders that are saved to meanwhile. */
import { cp, mkdir, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { StableDiffusionTextToImageBlocks } from '../../../blocks'
import {
  AutoencoderKL,
  CLIPTokenizer,
  EulerDiscreteScheduler,
  SchedulerMixin,
  UNet2DConditionModel,
} from '../../../components'
import type { PretrainedModel } from '../../../components/models/pretrained-model'
import { FolderChangedError, ModularPipeline } from '../../../src'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { expectWarnings } from '../../expected-warnings'

// Nothing computes in half precision.
expectWarnings('COMPUTES_IN_FLOAT32')

const emoji = join(__dirname, '..', '..', '..', 'models', 'emoji')
const folder = useTemporaryFolder()
const model = () => join(folder(), 'model')
const lazily = { lazy: true } as const

beforeEach(() => cp(emoji, model(), { recursive: true }))

const here = process.cwd()
afterEach(() => process.chdir(here))

test('a URL of a folder loads and saves as its path does', async () => {
  const url = pathToFileURL(model())
  for (const pipe of [
    await ModularPipeline.fromPretrained(url),
    new StableDiffusionTextToImageBlocks().initPipeline(url),
  ]) {
    await pipe.loadComponents(lazily)
    expect(pipe.missingComponentNames).toEqual([])
    await pipe.savePretrained(pathToFileURL(join(folder(), 'saved')))
    pipe.dispose()
  }
  expect(await readdir(join(folder(), 'saved'))).toContain('modular_model_index.json')
  const unet = await UNet2DConditionModel.fromPretrained(url, { subfolder: 'unet', ...lazily })
  await unet.savePretrained(pathToFileURL(join(folder(), 'unet')))
  unet.dispose()
  const vae = await AutoencoderKL.fromPretrained(pathToFileURL(join(model(), 'vae')), lazily)
  vae.dispose()
  await CLIPTokenizer.fromPretrained(url, { subfolder: 'tokenizer' })
  const scheduler = await SchedulerMixin.fromPretrained(url, { subfolder: 'scheduler' })
  await scheduler.savePretrained(pathToFileURL(join(folder(), 'scheduler')))
  expect(await readdir(join(folder(), 'scheduler'))).toEqual(['scheduler_config.json'])
})

test('a relative path stays the same folder when the process changes its own', async () => {
  process.chdir(folder())
  const pipe = await ModularPipeline.fromPretrained('model')
  const blocksPipe = new StableDiffusionTextToImageBlocks().initPipeline('model')
  const unet = await UNet2DConditionModel.fromPretrained('model/unet', lazily)
  await mkdir(join(folder(), 'elsewhere'))
  process.chdir(join(folder(), 'elsewhere'))
  for (const each of [pipe, blocksPipe]) {
    await each.loadComponents(lazily)
    expect(each.missingComponentNames).toEqual([])
    each.dispose()
  }
  expect(unet.parameters()[0]?.read()).toHaveLength(unet.parameters()[0]?.size as number)
  const saving = unet.savePretrained('saved')
  process.chdir(folder())
  await saving
  expect(await readdir(join(folder(), 'elsewhere'))).toEqual(['saved'])
  expect(relative(folder(), String(unet.parameters()[0]?.source?.file))).toBe(
    join('model', 'unet', 'diffusion_pytorch_model.safetensors'),
  )
  unet.dispose()
})

test('a load while somebody saves gives one save or the other', async () => {
  const blocks = new StableDiffusionTextToImageBlocks()
  const savers = []
  for (const dtype of ['float32', 'bfloat16'] as const) {
    const pipe = blocks.initPipeline(emoji)
    await pipe.loadComponents({ ...lazily, dtype })
    savers.push(pipe)
  }
  // The index that it adds is another one.
  await savers[0]?.savePretrained(model())
  let isSaving = true
  const saves = (async () => {
    for (let i = 0; i < 6; i++) await savers[i % 2]?.savePretrained(model())
    isSaving = false
  })()
  const seen = new Set<string>()
  let loads = 0
  while (isSaving) {
    const pipe = blocks.initPipeline(model())
    await pipe.loadComponents(lazily)
    const { textEncoder, unet, vae } = pipe.components as Record<string, PretrainedModel>
    seen.add([textEncoder, unet, vae].map(component => component?.dtype).join())
    loads++
    pipe.dispose()
  }
  await saves
  for (const pipe of savers) pipe.dispose()
  expect(loads).toBeGreaterThan(0)
  const whole = ['float32', 'bfloat16'].map(dtype => [dtype, dtype, dtype].join())
  expect([...seen].filter(dtypes => !whole.includes(dtypes))).toEqual([])
})

describe('a save between reading the index and loading the components', () => {
  const blocks = new StableDiffusionTextToImageBlocks()

  /** A pipeline that was saved to the folder once. */
  async function saver() {
    const pipe = blocks.initPipeline(model())
    await pipe.loadComponents({ ...lazily, dtype: 'float32' })
    await pipe.savePretrained(model())
    return pipe
  }

  test('is noticed if it changed the index', async () => {
    const other = await saver()
    const pipe = blocks.initPipeline(model())
    other.updateComponents({ scheduler: new EulerDiscreteScheduler() })
    await other.savePretrained(model())
    const loading = pipe.loadComponents(lazily)
    await expect(loading).rejects.toThrow(FolderChangedError)
    await expect(loading).rejects.toThrow(
      `${model()} was saved again after its index was read. Make the pipeline again.`,
    )
    expect(pipe.missingComponentNames).toEqual(
      pipe.componentNames.filter(
        name =>
          !['adapters', 'guider', 'imageProcessor', 'safetyChecker', 'featureExtractor', 'imageEncoder'].includes(name),
      ),
    )
    other.dispose()
    pipe.dispose()
  })

  test('loads as a whole if it did not', async () => {
    const other = await saver()
    const pipe = blocks.initPipeline(model())
    other.to('bfloat16')
    await other.savePretrained(model())
    await pipe.loadComponents(lazily)
    const { textEncoder, unet, vae } = pipe.components as Record<string, PretrainedModel>
    expect([textEncoder, unet, vae].map(component => component?.dtype)).toEqual(['bfloat16', 'bfloat16', 'bfloat16'])
    other.dispose()
    pipe.dispose()
  })

  test('is no matter if it is by the pipeline itself', async () => {
    const pipe = await saver()
    pipe.updateComponents({ scheduler: new EulerDiscreteScheduler() })
    await pipe.savePretrained(model())
    pipe.unloadComponents('unet')
    await pipe.loadComponents({ names: ['unet'], ...lazily })
    expect(pipe.missingComponentNames).toEqual([])
    pipe.dispose()
  })
})
