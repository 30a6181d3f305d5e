/** A word of a prompt that counts more and more. */
import { bundledModel, type Image, makeImageGrid, StableDiffusionTextToImageBlocks } from 'tesserae'

/** How much the word counts, from picture to picture. */
const WEIGHTS = [0.4, 1, 1.6]

/** Draws `(red:…) apple` under each weight from the same noise, and writes the pictures side by side. */
export async function main(model: string, file: string, numInferenceSteps = 25): Promise<Image[]> {
  const pipe = new StableDiffusionTextToImageBlocks().initPipeline(model)
  await pipe.loadComponents()
  const images: Image[] = []
  for (const weight of WEIGHTS) {
    const inputs = { prompt: `(red:${weight}) apple`, promptSyntax: 'a1111', numInferenceSteps } as const
    images.push(...(await pipe<Image[]>(inputs, { output: 'images', seed: 1 })))
  }
  await makeImageGrid(images).save(file)
  pipe.dispose()
  return images
}

if (require.main === module) main(bundledModel('emoji'), 'weights.png').then(() => console.log('weights.png'))
