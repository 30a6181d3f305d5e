/** Two models draw one picture: what is refused, what is loaded when, and what comes out. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { type GenerateOptions, generate } from '../../cli/generate'
import { PreviewFile } from '../../cli/preview-file'
import { ProgressDisplay } from '../../cli/progress-display'
import { UnfitOptionError } from '../../cli/unfit-option-error'
import { type WeightTensor, writeSafetensors } from '../../components/checkpoints/write-safetensors'
import {
  Image,
  ModularPipeline,
  type PipelineEvent,
  readPngText,
  StableDiffusionXLAutoBlocks,
  selectBackend,
  UNet2DConditionModel,
} from '../../index'
import { OFFLOAD_STRATEGIES } from '../../src/manager/offload/strategies'
import { baseFolder, copyOf, refinerFolder, removeFolders } from '../blocks/stable-diffusion-xl/tiny-models'
import { emojiFolder, failureOf } from '../blocks/use-emoji-model'
import { useTemporaryFolder } from '../components/checkpoints/temporary-folder'
import { tensorsBelow } from '../components/single-file/quantized-file'
import { useLeakCheck } from '../components/tensors/use-leak-check'
import { failure } from '../src/fixtures/failures'

const folder = useTemporaryFolder()
beforeAll(() => selectBackend({ backend: 'wasm', threads: 1 }))
useLeakCheck()
beforeEach(() => jest.spyOn(console, 'log').mockImplementation())
afterEach(() => jest.restoreAllMocks())
afterAll(removeFolders)

const drawing = { steps: 4, guidance: 5 }
const options = (changes: Partial<GenerateOptions> = {}): GenerateOptions => ({
  model: baseFolder,
  refiner: refinerFolder(),
  ...drawing,
  size: { width: 64, height: 64 },
  count: 1,
  seed: 1,
  out: join(folder(), 'x.png'),
  backend: 'wasm',
  json: true,
  version: '0',
  ...changes,
})
const pixelsOf = async (name = 'x.png') => (await Image.load(join(folder(), name))).data

/** What the documentation says to call. */
async function drawWithLibrary(share: number, seed: number, ofBase: object = {}, ofRefiner: object = {}) {
  const base = new StableDiffusionXLAutoBlocks().remove('decode').initPipeline(baseFolder)
  const refiner = new StableDiffusionXLAutoBlocks().initPipeline(refinerFolder())
  await base.loadComponents({ executor: 'eager' })
  await refiner.loadComponents({ executor: 'eager' })
  const inputs = { prompt: 'a cat', numInferenceSteps: drawing.steps, guidanceScale: drawing.guidance }
  const first = { ...inputs, height: 64, width: 64, denoisingEnd: share, ...ofBase }
  const latents = (await base(first, { output: 'latents', seed })) as tf.Tensor4D
  const rest = { ...inputs, image: latents, denoisingStart: share, ...ofRefiner }
  const [image] = (await refiner(rest, { output: 'images', seed })) as Image[]
  tf.dispose(latents)
  base.dispose()
  refiner.dispose()
  return (image as Image).data
}

/** The steps of the runs, and the bytes of tensors in each. */
function watchSteps(onStep: (count: number) => void = () => undefined) {
  const steps: { step: number; total: number | undefined; bytes: number }[] = []
  jest.spyOn(ProgressDisplay.prototype, 'show').mockImplementation((event: PipelineEvent) => {
    if (event.type !== 'loopStep') return
    steps.push({ step: event.step, total: event.total, bytes: tf.memory().numBytes })
    onStep(steps.length)
  })
  return steps
}

test('draws what the calls of the library draw, and stores the refiner and where it took over', async () => {
  const refiner = refinerFolder()
  await generate('a cat', options({ refiner, refinerStart: 0.5 }))
  expect(await pixelsOf()).toEqual(await drawWithLibrary(0.5, 1))
  const record = JSON.parse((await readPngText(readFileSync(join(folder(), 'x.png')))).get('tesserae') as string)
  expect(record).toMatchObject({
    model: 'stable_diffusion_xl_adapters',
    refiner: refiner.split(/[\\/]/).at(-1),
    refinerStart: 0.5,
    scheduler: 'EulerDiscreteScheduler',
    width: 64,
  })
})

test('takes over after 0.8 by default, draws several pictures, and loads one model after the other', async () => {
  const steps = watchSteps()
  const begin = jest.spyOn(ProgressDisplay.prototype, 'begin')
  await generate('a cat', options({ count: 2, steps: 5 }))
  expect(steps.map(({ step, total }) => `${step}/${total}`).join(' ')).toBe('1/4 2/4 3/4 4/4 1/4 2/4 3/4 4/4 1/1 1/1')
  expect(begin.mock.calls.flat()).toEqual(['picture 1 of 2', 'picture 2 of 2', 'refining 1 of 2', 'refining 2 of 2'])
  // The refiner is smaller than the base model, which is gone.
  const bytes = steps.map(({ bytes }) => bytes)
  expect(Math.max(...bytes.slice(8))).toBeLessThan(Math.min(...bytes.slice(0, 8)))
  expect(await pixelsOf('x-1.png')).not.toEqual(await pixelsOf('x-2.png'))
})

test('refuses a revision of a refiner that is a folder', async () => {
  const error = await failureOf(generate('a cat', options({ refinerRevision: 'v1' })))
  expect(error).toMatchObject({ code: 'INVALID_REPOSITORY_NAME' })
  expect((error as Error).message).toContain('Leave out --refiner-revision')
})

test('asks for the revision of the refiner that is named, and of the model for that of the model', async () => {
  const open = jest.spyOn(ModularPipeline, 'fromPretrained')
  await failureOf(generate('a cat', options({ refiner: 'org/refiner', refinerRevision: 'v1', offline: true })))
  const revisions = open.mock.calls.map(([source, { revision } = {}]) => [String(source), revision])
  expect(revisions).toContainEqual(['org/refiner', 'v1'])
  expect(revisions).toContainEqual([baseFolder, undefined])
})

test('shares what both would load from the same place', async () => {
  const load = jest.spyOn(UNet2DConditionModel, 'fromPretrained')
  await generate('a cat', options({ refiner: baseFolder, refinerStart: 0.5 }))
  expect(load).toHaveBeenCalledTimes(1)
  const together = await pixelsOf()
  const { refiner: _, ...alone } = options()
  await generate('a cat', options({ refiner: baseFolder, refinerStart: 0.5, memoryLimit: 700_000 }))
  expect(await pixelsOf()).toEqual(together)
  await generate('a cat', alone)
  const whole = await pixelsOf()
  expect(Math.max(...together.map((value, i) => Math.abs(value - (whole[i] as number))))).toBeLessThanOrEqual(2)
})

test('changes a picture with both, and previews both', async () => {
  const show = jest.spyOn(PreviewFile.prototype, 'show')
  const image = join(folder(), 'drawing.png')
  await new Image({ width: 64, height: 64, channels: 3, data: new Uint8Array(64 * 64 * 3).fill(90) }).save(image)
  const preview = join(folder(), 'preview.png')
  const { size: _, ...others } = options({ image, strength: 0.8, steps: 10, refinerStart: 0.6, preview })
  await generate('a cat', others)
  const seen = show.mock.calls.map(([{ step, total }]) => `${step}/${total}`)
  expect(seen.join(' ')).toBe('1/4 2/4 3/4 4/4 1/4 2/4 3/4 4/4')
  expect((await Image.load(preview)).width).toBeGreaterThan(0)
})

test('draws with both under a mask', async () => {
  const [image, mask] = [join(folder(), 'drawing.png'), join(folder(), 'mask.png')]
  const pictures = {
    image: new Image({ width: 64, height: 64, channels: 3, data: new Uint8Array(64 * 64 * 3).fill(90) }),
    maskImage: new Image({ width: 64, height: 64, channels: 1, data: new Uint8Array(64 * 64).fill(255, 64 * 32) }),
  }
  await pictures.image.save(image)
  await pictures.maskImage.save(mask)
  await generate('a cat', options({ image, mask, strength: 1, refinerStart: 0.5 }))
  const { maskImage } = pictures
  expect(await pixelsOf()).toEqual(await drawWithLibrary(0.5, 1, { ...pictures, strength: 1 }, { maskImage }))
})

test.each([
  ['the base model', 1],
  ['the last step of the base model', 2],
  ['the refiner', 3],
])('stops at Ctrl-C in %s', async (_, count) => {
  const steps = watchSteps(seen => void (seen === count && process.emit('SIGINT')))
  const error = await failureOf(generate('a cat', options({ refinerStart: 0.5 })))
  expect(error).toMatchObject({ name: 'AbortError' })
  expect(steps).toHaveLength(count)
})

describe('refuses', () => {
  const problemOf = async (changes: Partial<GenerateOptions>) => {
    const load = jest.spyOn(UNet2DConditionModel, 'fromPretrained')
    const { message } = await failure(UnfitOptionError, () => generate('a cat', options(changes)))
    return { message, loaded: load.mock.calls.length }
  }

  test('a model that cannot stop early', async () => {
    const { message, loaded } = await problemOf({ model: emojiFolder, refiner: emojiFolder })
    expect(message).toMatch(/^--refiner: .*no input denoisingEnd/)
    expect(loaded).toBe(0)
  })

  test('a refiner of another family', async () => {
    const { message, loaded } = await problemOf({ refiner: emojiFolder })
    expect(message).toMatch(
      /^--refiner: it is of another family \(stable-diffusion\) than the model \(stable-diffusion-xl\)/,
    )
    expect(loaded).toBe(0)
  })

  test('a refiner with other latents', async () => {
    const refiner = copyOf(refinerFolder())
    const file = join(refiner, 'vae', 'config.json')
    const config = JSON.parse(readFileSync(file, 'utf8')) as { scaling_factor: number }
    writeFileSync(file, JSON.stringify({ ...config, scaling_factor: 0.5 }))
    const { message } = await problemOf({ refiner })
    expect(message).toContain(`scalingFactor of "vae" is 0.5, and ${config.scaling_factor} in the model`)
  })

  test('a refiner for inpainting, before anything is loaded', async () => {
    const refiner = copyOf(refinerFolder())
    const file = join(refiner, 'unet', 'config.json')
    const config = JSON.parse(readFileSync(file, 'utf8')) as { in_channels: number }
    writeFileSync(file, JSON.stringify({ ...config, in_channels: 2 * config.in_channels + 1 }))
    const { message, loaded } = await problemOf({ refiner })
    expect(message).toMatch(/^--refiner: its UNet takes 9 channels and makes 4, .* Use a refiner whose UNet/)
    expect(loaded).toBe(0)
  })

  test('a refiner for inpainting in one file, before anything is loaded', async () => {
    const original = join(__dirname, '..', 'goldens', 'single_file', 'sdxl_refiner', 'original.safetensors')
    const tensors: Record<string, WeightTensor> = {}
    for (const [key, [shape, data]] of await tensorsBelow(original, '')) tensors[key] = { dtype: 'F32', shape, data }
    const name = 'model.diffusion_model.input_blocks.0.0.weight'
    const [channels = 0, , height = 0, width = 0] = tensors[name]?.shape ?? []
    const shape = [channels, 9, height, width]
    tensors[name] = { dtype: 'F32', shape, data: new Float32Array(channels * 9 * height * width) }
    const refiner = join(folder(), 'refiner.safetensors')
    await writeSafetensors(refiner, tensors)
    const { message, loaded } = await problemOf({ refiner })
    expect(message).toMatch(/^--refiner: its UNet takes 9 channels and makes 4, .* Use a refiner whose UNet/)
    expect(loaded).toBe(0)
  })

  test('a scale that the guider does not have', async () => {
    const { message, loaded } = await problemOf({ guider: 'fdg' })
    expect(loaded).toBe(0)
    expect(message).toContain('--guidance: fdg has no guidanceScale. Leave out --guidance')
  })

  test('an option that the refiner ignores', async () => {
    const { message, loaded } = await problemOf({ safetyChecker: false })
    expect(loaded).toBe(0)
    expect(message).toContain('no component safetyChecker')
  })
})

describe('a limit of memory', () => {
  test('below the size of all models draws the same picture, and offloads', async () => {
    await generate('a cat', options())
    const expected = await pixelsOf()
    const choose = jest.spyOn(OFFLOAD_STRATEGIES, 'leastRecentlyUsed')
    // The largest model has 615 kB, all of the base together 960 kB.
    await generate('a cat', options({ memoryLimit: 700_000 }))
    expect(await pixelsOf()).toEqual(expected)
    const left = choose.mock.results.flatMap(({ value }) => value as string[])
    expect(left.some(id => id.startsWith('textEncoder'))).toBe(true)
  })

  test('below the size of one model draws all the same, and warns', async () => {
    const { refiner: _, ...alone } = options()
    await generate('a cat', alone)
    const expected = await pixelsOf()
    const warn = jest.spyOn(ProgressDisplay.prototype, 'warn')
    await generate('a cat', { ...alone, memoryLimit: 1000 })
    expect(await pixelsOf()).toEqual(expected)
    expect(warn.mock.calls.flat().some(message => /"unet_.*needs .* of memory for its weights/.test(message))).toBe(
      true,
    )
  })
})
