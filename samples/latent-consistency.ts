/** A latent consistency model draws a picture in four steps. */
import { type Image, LatentConsistencyTextToImageBlocks } from 'tesserae'

export async function main(model: string, file: string): Promise<Image> {
  const pipe = new LatentConsistencyTextToImageBlocks().initPipeline(model)
  await pipe.loadComponents()
  const inputs = { prompt: 'a red apple', numInferenceSteps: 4, guidanceScale: 8.5 }
  const [image] = await pipe<Image[]>(inputs, { output: 'images', seed: 1 })
  pipe.dispose()
  if (image === undefined) throw new Error('The pipeline drew nothing.')
  await image.save(file)
  return image
}

if (require.main === module) {
  const [model = 'SimianLuo/LCM_Dreamshaper_v7'] = process.argv.slice(2)
  main(model, 'four-steps.png').then(() => console.log('four-steps.png'))
}
