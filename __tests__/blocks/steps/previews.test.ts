/** Previews of the emoji model. Its VAE is its own, so it decodes them. */
import type { Autoencoder, Image, PipelineEvent, PreviewEvent } from '../../../index'
import { StableDiffusionTextToImageBlocks } from '../../../index'
import { useEmojiModel } from '../use-emoji-model'

const emoji = useEmojiModel()
const inputs = { prompt: 'red apple', numInferenceSteps: 3, guidanceScale: 4 }
afterEach(() => jest.restoreAllMocks())

/** The pipeline, and how often its VAE has decoded. */
function watched() {
  const pipe = emoji.pipelineOf(new StableDiffusionTextToImageBlocks())
  return { pipe, decode: jest.spyOn(pipe.components['vae'] as Autoencoder, 'decode') }
}

test('nothing is decoded for previews that nobody asks for', async () => {
  const { pipe, decode } = watched()
  await pipe(inputs, { output: 'images', seed: 1 })
  const seen: PipelineEvent['type'][] = []
  await pipe(inputs, { output: 'images', seed: 1, onEvent: event => void seen.push(event.type) })
  expect(seen.filter(type => type === 'preview')).toHaveLength(3)
  expect(decode).toHaveBeenCalledTimes(2)
})

test('a preview shows the predicted original of each picture, at last the picture itself', async () => {
  const { pipe, decode } = watched()
  const previews: { step: number; path: readonly string[]; images: readonly Image[] }[] = []
  const onPreview = async ({ step, path, images }: PreviewEvent) => {
    previews.push({ step, path, images: (await images()) as Image[] })
  }
  const images = await pipe<Image[]>(
    { ...inputs, numImagesPerPrompt: 2 },
    { output: 'images', seed: 1, onEvent: event => (event.type === 'preview' ? onPreview(event) : undefined) },
  )
  expect(decode).toHaveBeenCalledTimes(4)
  expect(previews.map(({ step, path, images: { length } }) => [step, path, length])).toEqual([
    [1, ['denoise', 'update'], 2],
    [2, ['denoise', 'update'], 2],
    [3, ['denoise', 'update'], 2],
  ])
  const difference = (a: Image, b: Image) =>
    a.data.reduce((sum, value, i) => sum + Math.abs(value - (b.data[i] as number)), 0) / a.data.length
  for (const [i, image] of images.entries()) {
    const [first, , last] = previews.map(preview => difference(preview.images[i] as Image, image))
    expect(last).toBeLessThan(3)
    expect(first).toBeGreaterThan(last as number)
  }
})

test('a picture is the same with and without previews', async () => {
  const { pipe } = watched()
  const onEvent = (event: PipelineEvent) => void (event.type === 'preview' && event.images())
  const [shown] = await pipe<Image[]>(inputs, { output: 'images', seed: 1, onEvent })
  const [plain] = await pipe<Image[]>(inputs, { output: 'images', seed: 1 })
  expect(shown).toEqual(plain)
})
