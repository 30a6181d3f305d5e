/** Words to a picture, in five lines. */
import { bundledModel, type Image, StableDiffusionTextToImageBlocks } from 'tesserae'

export async function main(model: string, file: string): Promise<void> {
  const pipe = new StableDiffusionTextToImageBlocks().initPipeline(model)
  await pipe.loadComponents()
  const inputs = { prompt: 'red apple', guidanceScale: 4, numInferenceSteps: 25 }
  const [image] = await pipe<Image[]>(inputs, { output: 'images', seed: 1 })
  await image?.save(file)
  pipe.dispose()
}

if (require.main === module) main(bundledModel('emoji'), 'red-apple.png').then(() => console.log('red-apple.png'))
