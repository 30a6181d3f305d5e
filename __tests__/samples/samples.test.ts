/** Every sample runs, and does what it says. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Image, StableDiffusionTextToImageBlocks, selectBackend } from '../../index'
import { main as cancel } from '../../samples/cancel'
import { main as concurrentRuns } from '../../samples/concurrent-runs'
import { main as container } from '../../samples/container'
import { main as controlnet, heartOutline } from '../../samples/controlnet'
import { main as customBlock } from '../../samples/custom-block'
import { main as imageToImage } from '../../samples/image-to-image'
import { main as inpainting } from '../../samples/inpainting'
import { main as latentConsistency } from '../../samples/latent-consistency'
import { main as loop } from '../../samples/loop'
import { main as lora } from '../../samples/lora'
import { main as promptSyntax } from '../../samples/prompt-syntax'
import { main as prompts } from '../../samples/prompts'
import { main as refiner } from '../../samples/refiner'
import { main as resume } from '../../samples/resume'
import { main as schedulers } from '../../samples/schedulers'
import { main as serve } from '../../samples/serve'
import { main as stableDiffusionXl } from '../../samples/stable-diffusion-xl'
import { main as stages } from '../../samples/stages'
import { main as textToImage } from '../../samples/text-to-image'
import { main as textualInversion } from '../../samples/textual-inversion'
import { main as twoPipelines } from '../../samples/two-pipelines'
import { baseFolder, refinerFolder, removeFolders } from '../blocks/stable-diffusion-xl/tiny-models'
import { emojiFolder } from '../blocks/use-emoji-model'
import { runProgram } from '../cli/run-cli'
import { useTemporaryFolder } from '../components/checkpoints/temporary-folder'
import { useLeakCheck } from '../components/tensors/use-leak-check'

const folder = useTemporaryFolder()
// The samples take the backend that is in use.
beforeAll(() => selectBackend({ backend: 'wasm', threads: 1 }))
useLeakCheck()

/** Where a picture of the emoji model shows something: its background is white. */
function coloured(image: Image): number {
  let pixels = 0
  for (let i = 0; i < image.data.length; i += 3) if (image.data.subarray(i, i + 3).some(value => value < 128)) pixels++
  return pixels
}

test('the README names a sample for each family and task', () => {
  const readme = readFileSync(join(__dirname, '..', '..', 'README.md'), 'utf8')
  const [, table = ''] = /^\| family \| tasks \| in `samples\/` \|\n(.*?)\n\n/ms.exec(readme) ?? []
  const [, ...rows] = table
    .split('\n')
    .map(row => [...(row.split('|')[3] ?? '').matchAll(/`([\w-]+)`/g)].map(([, name]) => name))
  expect(rows).toHaveLength(5)
  for (const names of rows) expect(names).not.toEqual([])
  const samples = readdirSync(join(__dirname, '..', '..', 'samples')).map(file => basename(file, '.ts'))
  expect(samples).toEqual(expect.arrayContaining(rows.flat()))
})

test('there is a test for each sample', () => {
  const names = readdirSync(join(__dirname, '..', '..', 'samples')).map(file => basename(file, '.ts'))
  expect(names.sort()).toEqual([
    'cancel',
    'concurrent-runs',
    'container',
    'controlnet',
    'custom-block',
    'image-to-image',
    'inpainting',
    'latent-consistency',
    'loop',
    'lora',
    'prompt-syntax',
    'prompts',
    'refiner',
    'resume',
    'schedulers',
    'serve',
    'stable-diffusion-xl',
    'stages',
    'text-to-image',
    'textual-inversion',
    'two-pipelines',
  ])
})

test('loop.ts ends at 7', async () => {
  expect(await loop()).toBe(7)
})

test('the built samples run as programs', async () => {
  expect(await runProgram('samples/loop.js', [], { cwd: folder() })).toEqual({ code: 0, stdout: 'x = 7\n', stderr: '' })
})

test('container.ts greets with what it was supplied with', async () => {
  expect(await container()).toBe('HELLO, ADA: IT IS 2026')
})

test('text-to-image.ts draws a red apple', async () => {
  const file = join(folder(), 'red-apple.png')
  await textToImage(emojiFolder, file)
  const image = await Image.load(file)
  expect(image).toMatchObject({ width: 64, height: 64, channels: 3 })
  const [red, green, blue] = [0, 1, 2].map(channel =>
    image.data.filter((_, i) => i % 3 === channel).reduce((sum, value) => sum + value, 0),
  ) as [number, number, number]
  expect(red).toBeGreaterThan(1.2 * green)
  expect(red).toBeGreaterThan(1.2 * blue)
  expect(coloured(image)).toBeGreaterThan(64 * 64 * 0.2)
  expect(readdirSync(folder())).toEqual(['red-apple.png'])
})

/** A cell of a sheet of pictures of 64 pixels. */
function cellOf(sheet: Image, column: number): Uint8Array {
  const rows = Array.from({ length: 64 }, (_, y) => {
    const begin = (y * sheet.width + column * 64) * 3
    return [...sheet.data.subarray(begin, begin + 64 * 3)]
  })
  return Uint8Array.from(rows.flat())
}

/** The mean difference of two pictures, in the rows from `begin` up to `end`. */
function difference(one: Uint8Array, other: Uint8Array, begin = 0, end = 64): number {
  let sum = 0
  for (let i = begin * 192; i < end * 192; i++) sum += Math.abs((one[i] as number) - (other[i] as number))
  return sum / ((end - begin) * 192)
}

test('serve.ts draws a red apple over HTTP', async () => {
  const image = await serve({ steps: 8 })
  expect(image.size).toBe('64 × 64 × 3')
  expect(coloured(image)).toBeGreaterThan(300)
})

test('image-to-image.ts makes an apple of a drawing, and keeps less of it the stronger it changes', async () => {
  const file = join(folder(), 'apples.png')
  const sheet = await imageToImage(emojiFolder, file)
  expect(await Image.load(file)).toMatchObject({ width: 4 * 64, height: 64 })
  const [drawing, weak, , strong] = [0, 1, 2, 3].map(column => cellOf(sheet, column)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ]
  const ofPicture = { width: 64, height: 64, channels: 3 } as const
  expect(coloured(new Image({ ...ofPicture, data: strong }))).toBeGreaterThan(64 * 64 * 0.2)
  expect(difference(weak, drawing)).toBeLessThan(difference(strong, drawing))
})

test('inpainting.ts draws a crown, and leaves the cat under it', async () => {
  const sheet = await inpainting(emojiFolder, join(folder(), 'crown.png'))
  const [cat, , crowned] = [0, 1, 2].map(column => cellOf(sheet, column)) as [Uint8Array, Uint8Array, Uint8Array]
  // What the VAE changes of a picture that it encodes and decodes.
  expect(difference(crowned, cat, 32)).toBeLessThan(12)
  expect(difference(crowned, cat, 0, 22)).toBeGreaterThan(24)
})

/** The mean distance between the greatest and the least of the three colours of a pixel: 0 for a grey picture. */
function saturation(picture: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < picture.length; i += 3) {
    const colours = picture.subarray(i, i + 3)
    sum += Math.max(...colours) - Math.min(...colours)
  }
  return sum / (picture.length / 3)
}

test('lora.ts takes the red out of a teapot, the more the greater the weight', async () => {
  const options = { prompts: ['teapot'], numInferenceSteps: 8 }
  const sheet = await lora(emojiFolder, join(folder(), 'lora.png'), options)
  expect([sheet.width, sheet.height]).toEqual([3 * 64, 64])
  const redness = (picture: Uint8Array) =>
    picture.reduce((sum, value, i) => sum + (i % 3 === 0 ? value : i % 3 === 2 ? -value : 0), 0) / (64 * 64)
  const [plain, one, two] = [0, 1, 2].map(column => redness(cellOf(sheet, column))) as [number, number, number]
  expect(one).toBeLessThan(plain - 10)
  expect(two).toBeLessThan(one - 5)
})

test('textual-inversion.ts takes the colour out of a car', async () => {
  const options = { names: ['car'], numInferenceSteps: 6 }
  const sheet = await textualInversion(emojiFolder, join(folder(), 'silver.png'), options)
  expect([sheet.width, sheet.height]).toEqual([64, 2 * 64])
  const half = sheet.data.length / 2
  const [plain, silver] = [sheet.data.subarray(0, half), sheet.data.subarray(half)].map(saturation) as [number, number]
  expect(silver).toBeLessThan(0.6 * plain)
})

test('controlnet.ts fills a heart with two prompts', async () => {
  const sheet = await controlnet(emojiFolder, join(folder(), 'heart.png'), { numInferenceSteps: 8 })
  expect(cellOf(sheet, 0)).toEqual(heartOutline().data)
  const [one, other] = [1, 2].map(column => cellOf(sheet, column)) as [Uint8Array, Uint8Array]
  for (const picture of [one, other]) {
    const isDrawn = (x: number, y: number) =>
      Math.min(...picture.subarray(3 * (64 * y + x), 3 * (64 * y + x) + 3)) < 225
    // Inside of both halves and of the tip; beside the tip, and between the halves.
    expect([isDrawn(20, 26), isDrawn(44, 26), isDrawn(32, 44)]).toEqual([true, true, true])
    expect([isDrawn(12, 52), isDrawn(52, 52), isDrawn(32, 4)]).toEqual([false, false, false])
  }
  expect(difference(one, other)).toBeGreaterThan(5)
})

/** A latent consistency model in a folder: its UNet takes the scale of the guidance as an input. */
function latentConsistencyFolder(): string {
  const source = join(__dirname, '..', 'goldens', 'pipelines', 'stable_diffusion_adapters')
  const model = join(folder(), 'latent-consistency')
  for (const name of ['text_encoder', 'tokenizer', 'vae', 'scheduler']) {
    cpSync(join(source, name), join(model, name), { recursive: true })
  }
  cpSync(join(source, 'unet_lcm'), join(model, 'unet'), { recursive: true })
  const index = readFileSync(join(source, 'model_index.json'), 'utf8')
  writeFileSync(join(model, 'model_index.json'), index.replace('PNDMScheduler', 'LCMScheduler'))
  const file = join(model, 'scheduler', 'scheduler_config.json')
  const { skip_prk_steps: _, ...config } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
  writeFileSync(file, JSON.stringify({ ...config, _class_name: 'LCMScheduler' }))
  return model
}

describe('with models whose weights are random', () => {
  afterAll(removeFolders)

  test('stable-diffusion-xl.ts does three tasks, and keeps what is under no mask', async () => {
    const file = join(folder(), 'xl.png')
    const sheet = await stableDiffusionXl(baseFolder, file, { size: 64, numInferenceSteps: 2 })
    expect(await Image.load(file)).toMatchObject({ width: 3 * 64, height: 64 })
    const [drawn, changed, crowned] = [0, 1, 2].map(column => cellOf(sheet, column)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ]
    expect(changed).not.toEqual(drawn)
    expect(crowned).not.toEqual(drawn)
  })

  test('refiner.ts draws with two models, and differs from the base model alone', async () => {
    const options = { size: 64, numInferenceSteps: 4, share: 0.5 }
    const refined = await refiner(baseFolder, refinerFolder(), join(folder(), 'refined.png'), options)
    const other = await refiner(baseFolder, refinerFolder(), join(folder(), 'other.png'), { ...options, share: 0.75 })
    expect(refined).toMatchObject({ width: 64, height: 64 })
    expect(refined.data).not.toEqual(other.data)
  })

  test('latent-consistency.ts draws in four steps', async () => {
    const image = await latentConsistency(latentConsistencyFolder(), join(folder(), 'four-steps.png'))
    expect(await Image.load(join(folder(), 'four-steps.png'))).toMatchObject({ width: image.width, data: image.data })
  })
})

test('prompts.ts draws several prompts, each in its colour, on one sheet', async () => {
  const sheet = await prompts(emojiFolder, join(folder(), 'prompts.png'), {
    prompts: ['red apple', 'blue apple'],
    numInferenceSteps: 4,
  })
  expect([sheet.width, sheet.height]).toEqual([6 * 64, 64])
  const sum = (image: number, channel: number) => {
    let total = 0
    for (let y = 0; y < 64; y++)
      for (let x = 0; x < 64; x++) total += sheet.data[(y * 6 * 64 + image * 64 + x) * 3 + channel] as number
    return total
  }
  expect(sum(0, 0)).toBeGreaterThan(sum(0, 2))
  expect(sum(1, 2)).toBeGreaterThan(sum(1, 0))
})

test('prompt-syntax.ts draws what a prompt without weights draws under the weight 1, and something else under others', async () => {
  const [less, same, more] = await promptSyntax(emojiFolder, join(folder(), 'weights.png'), 4)
  const pipe = new StableDiffusionTextToImageBlocks().initPipeline(emojiFolder)
  await pipe.loadComponents()
  const [plain] = await pipe<Image[]>({ prompt: 'red apple', numInferenceSteps: 4 }, { seed: 1, output: 'images' })
  pipe.dispose()
  expect(same?.data).toEqual(plain?.data)
  for (const image of [less, more]) expect(image?.data).not.toEqual(plain?.data)
})

test('custom-block.ts turns the colours to their opposites', async () => {
  const { picture, negative } = await customBlock(emojiFolder)
  const sums = Array.from(picture.data, (value, i) => value + (negative.data[i] as number))
  expect([Math.min(...sums), Math.max(...sums)].map(sum => Math.abs(sum - 255) <= 1)).toEqual([true, true])
  expect([...picture.data]).not.toEqual([...negative.data])
})

test('concurrent-runs.ts draws the same pictures at once as one by one', async () => {
  const { together, oneByOne } = await concurrentRuns(emojiFolder)
  expect(together).toHaveLength(3)
  expect(together.map(({ data }) => [...data])).toEqual(oneByOne.map(({ data }) => [...data]))
  expect(new Set(together.map(({ data }) => data.join())).size).toBe(3)
})

test('cancel.ts stops in the denoise loop after 3 steps', async () => {
  const { steps, where } = await cancel(emojiFolder)
  expect(steps).toBe(3)
  expect(where.join(' > ')).toContain('denoise')
})

test('resume.ts continues from a file and draws what one run draws', async () => {
  const { stopped, image } = await resume(emojiFolder, join(folder(), 'run.safetensors'))
  expect(stopped).toBe(4)
  const pipe = new StableDiffusionTextToImageBlocks().initPipeline(emojiFolder)
  await pipe.loadComponents()
  const inputs = { prompt: 'red apple', numInferenceSteps: 10 }
  const [whole] = await pipe<Image[]>(inputs, { seed: 1, output: 'images' })
  pipe.dispose()
  expect(image.data).toEqual(whole?.data)
})

test('stages.ts draws in two stages what one pipeline draws', async () => {
  const { whole, staged } = await stages(emojiFolder)
  expect(staged.data).toEqual(whole.data)
  expect(coloured(whole)).toBeGreaterThan(0)
})

test('schedulers.ts draws a picture under every scheduler and guider', async () => {
  const file = join(folder(), 'sheet.png')
  const names = await schedulers(emojiFolder, file, { numInferenceSteps: 4 })
  expect(names).toEqual(
    expect.arrayContaining(['ddim', 'euler_a', 'dpm++_2m_karras', 'unipc', 'euler, pag', 'lcm', 'EDMEuler']),
  )
  const sheet = await Image.load(file)
  expect(sheet.width).toBe(8 * 146)
  expect(sheet.height).toBe(Math.ceil(names.length / 8) * 122)
  expect(coloured(sheet)).toBeGreaterThan(names.length * 64 * 64 * 0.2)
})

test('two-pipelines.ts draws with shared models, of which not all fit into memory', async () => {
  const { images, table, offloads } = await twoPipelines(emojiFolder)
  expect(images.map(coloured).every(pixels => pixels > 64 * 64 * 0.2)).toBe(true)
  expect([...(images[0] as Image).data]).not.toEqual([...(images[1] as Image).data])
  expect(offloads).toBeGreaterThan(0)
  expect(table.match(/^unet_\d+ /gm)).toHaveLength(1)
  expect(table.match(/^scheduler_\d+ /gm)).toHaveLength(2)
  expect(Math.max(...table.split('\n').map(line => line.length))).toBeLessThanOrEqual(process.stdout.columns || 100)
})
