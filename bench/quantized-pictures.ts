/** Pictures of the bundled model in float32 and quantized, and how near they are to each other. */
import { bundledModel, type Image, type Quantization, StableDiffusionTextToImageBlocks, selectExecutor } from 'tesserae'
import { median } from './median'
import type { PictureQuality } from './results'

const PROMPTS = ['red apple', 'blue apple', 'green car', 'purple cat', 'rocket', 'octopus', 'dog', 'pizza']

/** How pictures are drawn. */
export interface DrawOptions {
  /** Default: those of the benchmarks. */
  readonly prompts?: readonly string[]
  /** Default: 25. */
  readonly steps?: number | undefined
  /** Default: as many as the executor chooses. */
  readonly threads?: number
}

/** Pictures of one kind. */
export interface QuantizedPictures {
  /** What the denoiser is quantized to; `undefined` stands for float32. */
  readonly kind: Quantization | undefined
  readonly images: readonly Image[]
  /** Seconds for a picture. */
  readonly seconds: number
  /** Bytes of the denoiser's weights. */
  readonly bytes: number
}

/** Draws a picture of each prompt. */
export async function drawQuantized(
  kind: Quantization | undefined,
  { prompts = PROMPTS, steps = 25, threads }: DrawOptions = {},
): Promise<QuantizedPictures> {
  const { executor } = await selectExecutor({ executor: 'graph', provider: 'cpu', ...(threads && { threads }) })
  const pipe = new StableDiffusionTextToImageBlocks().initPipeline(bundledModel('emoji'))
  await pipe.loadComponents({ executor, ...(kind && { quantization: { unet: kind } }) })
  const images: Image[] = []
  const seconds: number[] = []
  for (const prompt of prompts) {
    const begun = performance.now()
    const inputs = { prompt, guidanceScale: 4, numInferenceSteps: steps }
    images.push(...(await pipe<Image[]>(inputs, { output: 'images', seed: 1 })))
    seconds.push((performance.now() - begun) / 1000)
  }
  const bytes = pipe.components.unet.memoryFootprint
  pipe.dispose()
  return { kind, images, seconds: median(seconds), bytes }
}

/** PSNR of pictures against others of the same prompts, in dB. */
export function qualityOf(
  { images }: QuantizedPictures,
  expected: QuantizedPictures,
): Omit<PictureQuality, 'name' | 'environment'> {
  const decibels = images.map((image, i) => peakSignalToNoise(expected.images[i] as Image, image))
  const mean = decibels.reduce((sum, value) => sum + value, 0) / decibels.length
  return { mean, worst: Math.min(...decibels), pictures: decibels.length }
}

/** PSNR of two pictures of 8 bits for each channel. */
function peakSignalToNoise({ data: a }: Image, { data: b }: Image): number {
  const squares = a.reduce((sum, value, i) => sum + (value - (b[i] as number)) ** 2, 0)
  return 10 * Math.log10((255 ** 2 * a.length) / squares)
}
