/** A LoRA on top of a model: the same pictures by day, at dusk and at night. */
import {
  bundledModel,
  Generator,
  type Image,
  loadLoraWeights,
  makeImageGrid,
  StableDiffusionTextToImageBlocks,
  setAdapters,
} from 'tesserae'

/** Weights of the LoRA, one for each row. */
const WEIGHTS = [0, 0.5, 1]

/** Options of the sheet. */
export interface LoraSheetOptions {
  prompts?: readonly string[]
  numInferenceSteps?: number
}

/** Draws the prompts with each weight of the LoRA that comes with the model, and writes the sheet. */
export async function main(model: string, file: string, options: LoraSheetOptions = {}): Promise<Image> {
  const { prompts = ['red apple', 'green car', 'rocket', 'octopus', 'cat face', 'pizza'], numInferenceSteps = 25 } =
    options
  const pipe = new StableDiffusionTextToImageBlocks().initPipeline(model)
  await pipe.loadComponents()
  await loadLoraWeights(pipe, `${model}/lora/night.safetensors`, { adapterName: 'night' })
  const rows: Image[] = []
  for (const weight of WEIGHTS) {
    setAdapters(pipe, 'night', weight)
    const generator = prompts.map((_, i) => new Generator(i + 1))
    const inputs = { prompt: [...prompts], generator, guidanceScale: 4, numInferenceSteps }
    rows.push(...(await pipe<Image[]>(inputs, { output: 'images' })))
  }
  const sheet = makeImageGrid(rows, { columns: prompts.length })
  await sheet.save(file)
  pipe.dispose()
  return sheet
}

if (require.main === module) main(bundledModel('emoji'), 'lora.png').then(() => console.log('lora.png'))
