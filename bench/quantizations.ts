/**
 * Draws the same pictures with the bundled model in float32 and with each quantization, and prints a table of time, memory and PSNR:
 * `node dist/bench/quantizations.js`. The pictures are those of the documentation.
 */
import { bundledModel, type Image, type Quantization, StableDiffusionTextToImageBlocks, selectExecutor } from 'tesserae'
import { median } from './median'
import { PROMPTS, peakSignalToNoise } from './quantized'

/** What a model is quantized to; `undefined` stands for float32. */
type Kind = Quantization | undefined

/** Pictures of one kind. */
export interface QuantizedPictures {
  readonly kind: Kind
  readonly images: readonly Image[]
  /** Seconds for a picture. */
  readonly seconds: number
  /** Bytes of the denoiser's weights. */
  readonly bytes: number
}

/** Draws a picture of each prompt. */
export async function drawQuantized(kind: Kind, prompts: readonly string[], steps = 25): Promise<QuantizedPictures> {
  const { executor } = await selectExecutor({ executor: 'graph', provider: 'cpu' })
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

/** Draws with each quantization. @returns a table in Markdown */
async function compareQuantizations(): Promise<string> {
  const floats = await drawQuantized(undefined, PROMPTS)
  const rows = [floats]
  for (const kind of ['int8', 'int8wo', 'int4'] as const) rows.push(await drawQuantized(kind, PROMPTS))
  const lines = rows.map(({ kind, images, seconds, bytes }) => {
    const decibels = images.map((image, i) => peakSignalToNoise(floats.images[i] as Image, image))
    const mean = decibels.reduce((sum, value) => sum + value, 0) / decibels.length
    const quality = kind ? [`${mean.toFixed(1)} dB`, `${Math.min(...decibels).toFixed(1)} dB`] : ['–', '–']
    const cells = [kind ?? 'float32', `${seconds.toFixed(2)} s`, `${(bytes / 2 ** 20).toFixed(1)} MiB`, ...quality]
    return `| ${cells.join(' | ')} |`
  })
  const head = ['| weights | a picture | memory of the weights | PSNR, mean | worst |', '|---|---|---|---|---|']
  return [...head, ...lines].join('\n')
}

if (require.main === module) compareQuantizations().then(console.log)
