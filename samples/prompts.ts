/** Several prompts in one call, on one sheet. */
import { bundledModel, Generator, type Image, makeImageGrid, StableDiffusionTextToImageBlocks } from 'tesserae'

/** Names that the bundled model knows, some with a colour. */
const PROMPTS = [
  ...['red apple', 'blue apple', 'green car', 'purple cat', 'rocket', 'octopus'],
  ...['dog', 'yellow guitar', 'grinning face', 'cat face', 'pizza', 'pink mushroom'],
]

/** Options of the sheet. */
export interface SheetOptions {
  prompts?: readonly string[]
  numInferenceSteps?: number
}

/** Draws the prompts, the first with the seed 1, the next with 2 and so on, and writes the sheet. */
export async function main(model: string, file: string, options: SheetOptions = {}): Promise<Image> {
  const { prompts = PROMPTS, numInferenceSteps = 25 } = options
  const pipe = new StableDiffusionTextToImageBlocks().initPipeline(model)
  await pipe.loadComponents()
  const generator = prompts.map((_, i) => new Generator(i + 1))
  const inputs = { prompt: [...prompts], generator, guidanceScale: 4, numInferenceSteps }
  const images = await pipe<Image[]>(inputs, { output: 'images' })
  const sheet = makeImageGrid(images, { columns: 6 })
  await sheet.save(file)
  pipe.dispose()
  return sheet
}

if (require.main === module) main(bundledModel('emoji'), 'prompts.png').then(() => console.log('prompts.png'))
