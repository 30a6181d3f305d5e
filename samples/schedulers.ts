/** One prompt and one seed under every scheduler and every guider, on a contact sheet. */
import sharp, { type OverlayOptions } from 'sharp'
import {
  bundledModel,
  guiderNames,
  type Image,
  makeGuider,
  resolveScheduler,
  type SchedulerMixin,
  StableDiffusionTextToImageBlocks,
  schedulerNames,
} from 'tesserae'

/** Pixels of a picture on the sheet, and of its place with the label. */
const PICTURE = 96
const CELL = { width: 146, height: 122 }
const COLUMNS = 8

export interface SheetOptions {
  prompt?: string
  seed?: number
  numInferenceSteps?: number
}

/** Draws the pictures and writes the sheet; returns the names in their order. */
export async function main(model: string, file: string, options: SheetOptions = {}): Promise<string[]> {
  const { prompt = 'red apple', seed = 1, numInferenceSteps = 20 } = options
  const pipe = new StableDiffusionTextToImageBlocks().initPipeline(model)
  await pipe.loadComponents()
  const own = pipe.components.scheduler as SchedulerMixin
  const draw = async () => {
    const images = await pipe<Image[]>({ prompt, numInferenceSteps }, { output: 'images', seed })
    return images[0] as Image
  }
  const pictures = new Map<string, Image>()
  const drawUnder = async (name: string) => {
    pipe.updateComponents({ scheduler: resolveScheduler(name).make(own.config) })
    pictures.set(name.replace(/Scheduler$/, ''), await draw())
  }
  const names = samplers()
  for (const name of names.own) await drawUnder(name)
  pipe.updateComponents({ scheduler: resolveScheduler('euler').make(own.config) })
  for (const name of shortNames(guiderNames)) {
    pipe.updateComponents({ guider: makeGuider(name) })
    pictures.set(`euler, ${name}`, await draw())
  }
  pipe.updateComponents({ guider: makeGuider('cfg') })
  for (const name of names.others) await drawUnder(name)
  pipe.dispose()
  await writeSheet(pictures, file)
  return [...pictures.keys()]
}

/** Those that go with models of another kind than this one: they are drawn last, as they come out here. SCM cannot be made for it at all. */
const FOR_OTHERS = /^(ipndm|lcm|tcd|flow_.*|EDM.*|.*Inverse)/

/** Every scheduler by its short names, otherwise by its class; of the spacings the first two. */
function samplers(): { own: string[]; others: string[] } {
  const classes = Object.keys(schedulerNames).filter(name => /^(EDM|.*Inverse)/.test(name))
  const names = [...shortNames(schedulerNames).filter(name => !/_(exponential|beta)$/.test(name)), ...classes]
  return {
    own: names.filter(name => !FOR_OTHERS.test(name)),
    others: names.filter(name => FOR_OTHERS.test(name)),
  }
}

function shortNames(names: object): string[] {
  return Object.keys(names).filter(name => name === name.toLowerCase())
}

async function writeSheet(pictures: ReadonlyMap<string, Image>, file: string): Promise<void> {
  const rows = Math.ceil(pictures.size / COLUMNS)
  const tiles: OverlayOptions[] = []
  for (const [i, [name, { data, width, height, channels }]] of [...pictures].entries()) {
    const left = (i % COLUMNS) * CELL.width
    const top = Math.floor(i / COLUMNS) * CELL.height
    const picture = sharp(data, { raw: { width, height, channels } }).resize(PICTURE, PICTURE).png()
    tiles.push({ input: await picture.toBuffer(), left: left + (CELL.width - PICTURE) / 2, top: top + 4 })
    tiles.push({ input: label(name), left, top: top + PICTURE + 4 })
  }
  const background = {
    width: COLUMNS * CELL.width,
    height: rows * CELL.height,
    channels: 3,
    background: 'white',
  } as const
  await sharp({ create: background }).composite(tiles).png({ palette: true }).toFile(file)
}

function label(name: string): Buffer {
  const { width } = CELL
  const style = 'font-family="sans-serif" font-size="10" text-anchor="middle"'
  return Buffer.from(`<svg width="${width}" height="18"><text x="${width / 2}" y="12" ${style}>${name}</text></svg>`)
}

if (require.main === module) {
  main(bundledModel('emoji'), 'schedulers.png').then(names => console.log(`schedulers.png: ${names.length} pictures`))
}
