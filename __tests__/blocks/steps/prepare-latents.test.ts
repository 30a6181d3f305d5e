import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import {
  EulerDiscreteScheduler,
  Generator,
  IncompatibleComponentsError,
  InputTypeError,
  PipelineValidationError,
  PrepareLatents,
  type Seed,
  ShapeMismatchError,
  UNet2DConditionModel,
} from '../../../index'
import { expectClose } from '../../../testing/goldens/compare'
import { toChannelsFirst } from '../../../testing/goldens/layout'
import { readTensors } from '../read-tensors'
import { emojiFolder, failureOf, take, takeRows, useEmojiModel } from '../use-emoji-model'

const emoji = useEmojiModel()

const noise = (inputs: Record<string, unknown>, seed?: Seed) =>
  emoji.pipelineOf(new PrepareLatents())<tf.Tensor4D>(
    { batchSize: 1, ...inputs },
    { output: 'latents', ...(seed !== undefined && { seed }) },
  )

describe('PrepareLatents', () => {
  test("draws the reference's noise for its seed", async () => {
    const recorded = await readTensors(join(emojiFolder, 'reference', 'octopus-seed3-dpmpp_2m15-g5.safetensors'))
    const latents = await noise({}, 3)
    expectClose('initial_noise', toChannelsFirst(latents), recorded('initial_noise'), { atol: 2e-6, rtol: 1e-5 })
    latents.dispose()
  })

  test('draws as many channels as the VAE has, whatever the UNet takes beside them', async () => {
    class PrepareForMask extends PrepareLatents {
      protected override requireTextToImage() {}
    }
    const file = join(emojiFolder, 'unet', 'config.json')
    const config = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
    const unet = UNet2DConditionModel.fromConfig({ ...config, in_channels: 9 })
    const pipe = emoji.pipelineOf(new PrepareForMask(), { unet })
    const latents = await pipe<tf.Tensor4D>({ batchSize: 1, height: 64, width: 64 }, { output: 'latents' })
    expect(take(latents).shape.at(-1)).toBe(4)
  })

  test('refuses a list without a generator', async () => {
    const error = (await failureOf(noise({ generator: [] }))) as PipelineValidationError
    expect(error).toBeInstanceOf(PipelineValidationError)
    expect(error.issues).toEqual([expect.any(InputTypeError)])
  })

  test.each([
    [9, / inpainting\. Pass "image" and "maskImage"/],
    [7, / upscaling, /],
    [6, /latents of 4\. Load a checkpoint/],
  ])('refuses a UNet of %s channels', async (inChannels, words) => {
    const file = join(emojiFolder, 'unet', 'config.json')
    const config = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
    const unet = UNet2DConditionModel.fromConfig({ ...config, in_channels: inChannels })
    const error = await failureOf(emoji.pipelineOf(new PrepareLatents(), { unet })({ batchSize: 1 }))
    expect(error).toBeInstanceOf(IncompatibleComponentsError)
    expect((error as Error).message).toMatch(words)
    unet.dispose()
  })

  test('draws the same noise for the same seed, and other noise for another', async () => {
    const [first, again, other] = [take(await noise({}, 1)), take(await noise({}, 1)), take(await noise({}, 2))]
    expect(again).toEqual(first)
    expect(other.values).not.toEqual(first.values)
  })

  test('draws other noise each time where no seed is given', async () => {
    expect(take(await noise({})).values).not.toEqual(take(await noise({})).values)
  })

  test('draws from the generator of the caller, which stays as it was', async () => {
    const generator = new Generator(5)
    const [first, again] = [take(await noise({ generator })), take(await noise({ generator }, 99))]
    expect(first).toEqual(take(await noise({}, 5)))
    expect(again).toEqual(first)
    expect(generator.randn([3])).toEqual(new Generator(5).randn([3]))
  })

  test('draws each picture from its own generator, so that it does not depend on the others', async () => {
    const generator = [new Generator(8), new Generator(9)]
    const [first, second] = takeRows(await noise({ batchSize: 2, generator }))
    expect([first]).toEqual(takeRows(await noise({}, 8)))
    expect([second]).toEqual(takeRows(await noise({}, 9)))
  })

  test('hands on the generator that it drew from', async () => {
    const pipe = emoji.pipelineOf(new PrepareLatents())
    const generator = await pipe<Generator>({ batchSize: 1 }, { output: 'generator', seed: 7 })
    const drawn = new Generator(7)
    drawn.randn([1, 4, 16, 16])
    expect(generator.randn([20])).toEqual(drawn.randn([20]))
  })

  test('scales the noise to what the scheduler begins with', async () => {
    const scheduler = new EulerDiscreteScheduler()
    const pipe = emoji.pipelineOf(new PrepareLatents(), { scheduler })
    const scaled = take(await pipe<tf.Tensor>({ batchSize: 1 }, { output: 'latents', seed: 1 })).values
    const plain = take(await noise({}, 1)).values
    expect(scheduler.initNoiseSigma).toBeGreaterThan(10)
    expect(scaled[0]).toBeCloseTo((plain[0] as number) * scheduler.initNoiseSigma, 4)
  })

  test("has the model's size unless told otherwise", async () => {
    expect(take(await noise({ batchSize: 3 })).shape).toEqual([3, 16, 16, 4])
  })

  test.each([
    [{ height: 32, width: 96 }, [1, 8, 24, 4]],
    [{ height: 4 }, [1, 1, 16, 4]],
  ])('has the size %j', async (size, shape) => {
    expect(take(await noise(size)).shape).toEqual(shape)
  })

  test.each([
    ['width', 65, 64],
    ['height', 63, 64],
    ['height', 1, 4],
    ['width', 102, 104],
  ])('refuses a %s of %i and names the nearest, %i', async (side, pixels, nearest) => {
    const error = await failureOf(noise({ [side]: pixels }))
    expect(error).toBeInstanceOf(InputTypeError)
    expect(error).toMatchObject({ input: side })
    expect((error as Error).message).toContain(
      `it must be a multiple of 4, the factor of the VAE; the nearest is ${nearest}`,
    )
  })

  test('begins with the latents of the caller, which stay theirs', async () => {
    const latents = tf.fill<tf.Rank.R4>([1, 16, 16, 4], 2)
    const started = await noise({ latents })
    expect(started).not.toBe(latents)
    expect(take(started).values).toEqual(take(latents).values)
  })

  test.each([
    [[1, 8, 8, 4], {}, '[1, 16, 16, 4]: 1 picture(s)'],
    [[2, 16, 16, 4], { batchSize: 3 }, '[3, 16, 16, 4]: 3 picture(s)'],
    [[1, 16, 16, 3], {}, '[1, 16, 16, 4]'],
    [[1, 16, 16, 4], { height: 32 }, '[1, 8, 16, 4]'],
  ])('refuses latents of the shape %j for %j', async (shape, inputs, message) => {
    const latents = tf.zeros(shape)
    const error = await failureOf(noise({ latents, ...inputs }))
    latents.dispose()
    expect(error).toBeInstanceOf(InputTypeError)
    expect(error).toMatchObject({ input: 'latents' })
    expect((error as Error).message).toContain(message)
  })

  test('refuses latents of another rank', async () => {
    const latents = tf.zeros([16, 16, 4])
    const error = await failureOf(noise({ latents }))
    latents.dispose()
    expect(error).toBeInstanceOf(ShapeMismatchError)
    expect((error as Error).message).toContain('it has 3 dimensions instead of 4')
  })

  test('refuses more or fewer generators than pictures', async () => {
    const error = await failureOf(noise({ batchSize: 3, generator: [new Generator(1), new Generator(2)] }))
    expect(error).toMatchObject({ code: 'BLOCK_EXECUTION', cause: { code: 'INVALID_DRAW' } })
    expect((error as Error).message).toContain('a list of 3, but the list holds 2')
  })

  test.each([1.5, Number.NaN, 2 ** 53, 2n ** 64n, -(2n ** 63n) - 1n, '1'])(
    'refuses the seed %p and gives the limits',
    async seed => {
      const error = await failureOf(noise({}, seed as Seed))
      expect(error).toMatchObject({ code: 'INPUT_TYPE', input: 'seed' })
      expect((error as Error).message).toContain(
        'a whole number from -2^63 (-9223372036854775808) to 2^64 - 1 (18446744073709551615)',
      )
    },
  )

  test.each([1n, -1, 6687881544318117707n, 2n ** 64n - 1n, -(2n ** 63n)])(
    'draws from the seed %p as a generator of that seed does',
    async seed => {
      expect(take(await noise({}, seed))).toEqual(take(await noise({ generator: new Generator(seed) })))
    },
  )

  test.each([
    ['height', { height: 0 }, '>=1'],
    ['width', { width: 64.5 }, 'expected int'],
    ['batchSize', { batchSize: 0 }, '>=1'],
    ['generator', { generator: 7 }, 'Generator'],
    ['latents', { latents: [1, 2] }, 'expected a tensor'],
  ])('refuses a wrong %s before it begins', async (input, inputs, message) => {
    const error = await failureOf(noise(inputs))
    expect(error).toBeInstanceOf(PipelineValidationError)
    expect((error as PipelineValidationError).issues).toEqual([expect.objectContaining({ code: 'INPUT_TYPE', input })])
    expect((error as Error).message).toContain(message)
  })
})
