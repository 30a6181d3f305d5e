/** A LoRA changes the style: colours turn to blue and white, as on tiles of Delft. */
import { bundledModel, type Image, loadLoraWeights, ModularPipeline, makeImageGrid, setAdapters } from 'tesserae'

/** Options of the sheet. */
export interface LoraOptions {
  prompts?: readonly string[]
  numInferenceSteps?: number
}

/** Writes a sheet with a row for each prompt: the LoRA with the weights 0, 1 and 2. */
export async function main(model: string, file: string, options: LoraOptions = {}): Promise<Image> {
  const { prompts = ['rocket', 'cat face', 'teapot'], numInferenceSteps = 25 } = options
  const pipe = await ModularPipeline.fromPretrained(model)
  await pipe.loadComponents()
  const lora = { subfolder: 'adapters', weightName: 'delft-lora.safetensors' }
  await loadLoraWeights(pipe, model, { ...lora, adapterName: 'delft' })
  const pictures: Image[] = []
  for (const prompt of prompts) {
    for (const weight of [0, 1, 2]) {
      setAdapters(pipe, 'delft', weight)
      const inputs = { prompt, guidanceScale: 4, numInferenceSteps }
      pictures.push(...(await pipe<Image[]>(inputs, { output: 'images', seed: 1 })))
    }
  }
  const sheet = makeImageGrid(pictures, { columns: 3 })
  await sheet.save(file)
  pipe.dispose()
  return sheet
}

if (require.main === module) main(bundledModel('emoji'), 'lora.png').then(() => console.log('lora.png'))
