/**
 * Draws the same pictures with the bundled model in float32 and with each quantization, one row for each, and prints a table of time, memory and PSNR:
 * `node dist/bench/quantization-sheet.js FILE.png`.
 */
import { bundledModel, Image, makeImageGrid, StableDiffusionTextToImageBlocks, selectExecutor } from 'tesserae'
import { median } from './median'
import { PROMPTS, peakSignalToNoise } from './quantized'

/** The rows, from above. */
const KINDS = [undefined, 'int8', 'int8wo', 'int4'] as const

interface Row {
  readonly kind: (typeof KINDS)[number]
  readonly images: readonly Image[]
  /** Seconds for a picture. */
  readonly seconds: number
  /** Bytes of the denoiser's weights. */
  readonly bytes: number
}

async function draw(kind: Row['kind']): Promise<Row> {
  const { executor } = await selectExecutor({ executor: 'graph', provider: 'cpu' })
  const pipe = new StableDiffusionTextToImageBlocks().initPipeline(bundledModel('emoji'))
  await pipe.loadComponents({ executor, ...(kind && { quantization: { unet: kind } }) })
  const images: Image[] = []
  const seconds: number[] = []
  for (const prompt of PROMPTS) {
    const begun = performance.now()
    images.push(
      ...(await pipe<Image[]>({ prompt, guidanceScale: 4, numInferenceSteps: 25 }, { output: 'images', seed: 1 })),
    )
    seconds.push((performance.now() - begun) / 1000)
  }
  const bytes = pipe.components.unet.memoryFootprint
  pipe.dispose()
  return { kind, images, seconds: median(seconds), bytes }
}

/** Draws all rows, writes the sheet, and returns the table. */
export async function main(file: string): Promise<string> {
  const rows: Row[] = []
  for (const kind of KINDS) rows.push(await draw(kind))
  const [floats] = rows as [Row, ...Row[]]
  await makeImageGrid(
    rows.flatMap(({ images }) => images),
    { columns: PROMPTS.length },
  ).save(file)
  const lines = rows.map(({ kind, images, seconds, bytes }) => {
    const decibels = images.map((image, i) => peakSignalToNoise(floats.images[i] as Image, image))
    const mean = decibels.reduce((sum, value) => sum + value, 0) / decibels.length
    const quality = kind ? [`${mean.toFixed(1)} dB`, `${Math.min(...decibels).toFixed(1)} dB`] : ['–', '–']
    const cells = [kind ?? 'float32', `${seconds.toFixed(2)} s`, `${(bytes / 2 ** 20).toFixed(1)} MiB`, ...quality]
    return `| ${cells.join(' | ')} |`
  })
  return ['| row | time | weights | PSNR, mean | worst |', '|---|---|---|---|---|', ...lines].join('\n')
}

if (require.main === module) main(process.argv[2] ?? 'quantization.png').then(console.log)
