/** A textual inversion teaches the model a word: "<silver>", a colour that it has no name for. */
import { bundledModel, type Image, loadTextualInversion, ModularPipeline, makeImageGrid } from 'tesserae'

/** Options of the sheet. */
export interface InversionOptions {
  names?: readonly string[]
  numInferenceSteps?: number
}

/** Writes a sheet with a column for each name: without the word, and with it. */
export async function main(model: string, file: string, options: InversionOptions = {}): Promise<Image> {
  const { names = ['apple', 'car', 'guitar', 'butterfly'], numInferenceSteps = 25 } = options
  const pipe = await ModularPipeline.fromPretrained(model)
  await pipe.loadComponents()
  const token = await loadTextualInversion(pipe, model, {
    subfolder: 'adapters',
    weightName: 'silver-embedding.safetensors',
  })
  const pictures: Image[] = []
  for (const prompt of [...names, ...names.map(name => `${token} ${name}`)]) {
    const inputs = { prompt, guidanceScale: 4, numInferenceSteps }
    pictures.push(...(await pipe<Image[]>(inputs, { output: 'images', seed: 1 })))
  }
  const sheet = makeImageGrid(pictures, { columns: names.length })
  await sheet.save(file)
  pipe.dispose()
  return sheet
}

if (require.main === module) {
  main(bundledModel('emoji'), 'textual-inversion.png').then(() => console.log('textual-inversion.png'))
}
