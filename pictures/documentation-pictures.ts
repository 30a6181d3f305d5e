/** The pictures of the documentation that the bundled model draws, by the names of their files in `docs/images`. */

import { join } from 'node:path'
import { drawSvg, Image, StableDiffusionTextToImageBlocks } from 'tesserae'
import { drawQuantized } from '../bench/quantized-pictures'
import { main as controlnet } from '../samples/controlnet'
import { main as imageToImage } from '../samples/image-to-image'
import { main as inpainting } from '../samples/inpainting'
import { main as lora } from '../samples/lora'
import { main as prompts } from '../samples/prompts'
import { main as textualInversion } from '../samples/textual-inversion'
import { cutSheet } from './cut-sheet'
import { type LabelledPicture, labelledSheet, type SheetLayout } from './labelled-sheet'
import { underEveryGuider, underEveryScheduler } from './schedulers-and-guiders'
import { tourPictures } from './tour-pictures'

/** What a picture is drawn with. */
export interface PictureOptions {
  /** Folder of the model. */
  readonly model: string
  /** A folder for files that are not kept. */
  readonly scratch: string
  /** Denoising steps of samples that take them, and of the sheets of schedulers and guiders (default: their own, or 8). */
  readonly steps?: number | undefined
}

type Draw = (options: PictureOptions) => Promise<string | Buffer>

/** Side of the pictures of the bundled model. */
const SIDE = 64

/** Denoising steps of the sheets of schedulers and guiders: with few steps, they differ most. */
const FEW_STEPS = 8

/** Labels the pictures of a sample's sheet. */
function labelled(sheet: Image, labels: readonly string[], layout: SheetLayout): Promise<Buffer> {
  const pictures = cutSheet(sheet, SIDE).map((image, i): LabelledPicture => ({ image, label: labels[i] ?? '' }))
  return labelledSheet(pictures, layout)
}

const sample = ({ model, scratch, steps }: PictureOptions) =>
  [model, join(scratch, 'sheet.png'), steps === undefined ? {} : { numInferenceSteps: steps }] as const

const PROMPTS = [
  ...['red apple', 'blue apple', 'green car', 'purple cat', 'rocket', 'octopus'],
  ...['dog', 'yellow guitar', 'grinning face', 'cat face', 'pizza', 'pink mushroom'],
]
const QUANTIZED_PROMPTS = ['red apple', 'green car', 'purple cat', 'rocket', 'octopus', 'pizza']
const LORA_PROMPTS = ['rocket', 'cat face', 'teapot']
const NAMES = ['apple', 'car', 'guitar', 'butterfly']

export const documentationPictures: Readonly<Record<string, Draw>> = {
  'text-to-image.svg': () => drawSvg(new StableDiffusionTextToImageBlocks()),
  'emoji.png': async options => {
    const [model, file, rest] = sample(options)
    const sheet = await prompts(model, file, { ...rest, prompts: PROMPTS })
    return labelled(sheet, PROMPTS, { columns: 6, side: 96 })
  },
  'schedulers.png': async ({ model, steps = FEW_STEPS }) =>
    labelledSheet(await underEveryScheduler(model, steps), { columns: 6, side: 80, width: 114 }),
  'guiders.png': async ({ model, steps = FEW_STEPS }) =>
    labelledSheet(await underEveryGuider(model, steps), { columns: 6, side: 80, width: 114 }),
  'quantization.png': async ({ steps }) => {
    const pictures: LabelledPicture[] = []
    for (const kind of [undefined, 'int8', 'int4'] as const) {
      const { images } = await drawQuantized(kind, { prompts: QUANTIZED_PROMPTS, steps })
      pictures.push(...images.map(image => ({ label: kind ?? 'float32', image })))
    }
    return labelledSheet(pictures, { columns: QUANTIZED_PROMPTS.length, side: 96 })
  },
  'image-to-image.png': async ({ model, scratch }) => {
    const sheet = await imageToImage(model, join(scratch, 'sheet.png'))
    return labelled(sheet, ['image', 'strength 0.5', 'strength 0.7', 'strength 0.85'], { columns: 4 })
  },
  'inpainting.png': async ({ model, scratch }) => {
    const sheet = await inpainting(model, join(scratch, 'sheet.png'))
    return labelled(sheet, ['image', 'maskImage', 'prompt: crown'], { columns: 3 })
  },
  'controlnet.png': async options =>
    labelled(await controlnet(...sample(options)), ['controlImage', 'red apple', 'green apple'], { columns: 3 }),
  'lora.png': async options => {
    const [model, file, rest] = sample(options)
    const sheet = await lora(model, file, { ...rest, prompts: LORA_PROMPTS })
    const labels = LORA_PROMPTS.flatMap(prompt => [
      `${prompt}, without LoRA`,
      `${prompt}, weight 1`,
      `${prompt}, weight 2`,
    ])
    return labelled(sheet, labels, { columns: 3, side: 112, width: 140 })
  },
  'textual-inversion.png': async options => {
    const [model, file, rest] = sample(options)
    const sheet = await textualInversion(model, file, { ...rest, names: NAMES })
    return labelled(sheet, [...NAMES, ...NAMES.map(name => `<silver> ${name}`)], { columns: 4 })
  },
  ...tourPictures,
}
