/** A ControlNet draws along an outline: two prompts fill the same heart. */
import { bundledModel, ControlNet, Image, ModularPipeline, makeImageGrid } from 'tesserae'

/** Side of the pictures that the bundled model was trained on. */
const SIZE = 64

/** Options of the sheet. */
export interface ControlOptions {
  prompts?: readonly string[]
  numInferenceSteps?: number
}

/** Whether a pixel is in a heart of 44 pixels. */
function isInside(x: number, y: number): boolean {
  const [across, up] = [(x - 31.5) / 20, (32 - y) / 20]
  const round = across ** 2 + up ** 2 - 1
  return round ** 3 < across ** 2 * up ** 3
}

/** The outline of the heart as the ControlNet knows it: one pixel wide, white on black. */
export function heartOutline(): Image {
  const data = new Uint8Array(SIZE * SIZE * 3)
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) if (isOnRim(x, y)) data.fill(255, 3 * (y * SIZE + x), 3 * (y * SIZE + x + 1))
  }
  return new Image({ width: SIZE, height: SIZE, channels: 3, data })
}

function isOnRim(x: number, y: number): boolean {
  const steps = [-1, 0, 1]
  return isInside(x, y) && steps.some(right => steps.some(down => !isInside(x + right, y + down)))
}

/** Writes a sheet: the outline, and what each prompt makes of it. */
export async function main(model: string, file: string, options: ControlOptions = {}): Promise<Image> {
  const { prompts = ['red apple', 'green apple'], numInferenceSteps = 25 } = options
  const pipe = await ModularPipeline.fromPretrained(model)
  const controlnet = await ControlNet.fromPretrained(model, { subfolder: 'adapters/outline-controlnet' })
  pipe.updateComponents({ controlnet })
  await pipe.loadComponents()
  const controlImage = heartOutline()
  const pictures = [controlImage]
  for (const prompt of prompts) {
    const inputs = { prompt, controlImage, guidanceScale: 4, numInferenceSteps }
    pictures.push(...(await pipe<Image[]>(inputs, { output: 'images', seed: 1 })))
  }
  const sheet = makeImageGrid(pictures, { columns: pictures.length })
  await sheet.save(file)
  pipe.dispose()
  return sheet
}

if (require.main === module) main(bundledModel('emoji'), 'controlnet.png').then(() => console.log('controlnet.png'))
