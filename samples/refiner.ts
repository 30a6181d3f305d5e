/** A base model draws most of a picture, and a refiner the rest. */
import { type Image, StableDiffusionXLAutoBlocks, type tf } from 'tesserae'

/** Options of the picture. */
export interface RefinerOptions {
  /** Side of the picture in pixels. */
  size?: number
  numInferenceSteps?: number
  /** Share of the denoising after which the refiner takes over. */
  share?: number
}

export async function main(model: string, refiner: string, file: string, options: RefinerOptions = {}): Promise<Image> {
  const { size = 1024, numInferenceSteps = 30, share = 0.8 } = options
  const first = new StableDiffusionXLAutoBlocks().remove('decode').initPipeline(model)
  const second = new StableDiffusionXLAutoBlocks().initPipeline(refiner)
  const inputs = { prompt: 'a red apple', numInferenceSteps }

  await first.loadComponents()
  const drawn = { ...inputs, height: size, width: size, denoisingEnd: share }
  const latents = await first<tf.Tensor4D>(drawn, { output: 'latents', seed: 1 })
  // Makes room for the refiner.
  first.dispose()

  await second.loadComponents()
  const rest = { ...inputs, image: latents, denoisingStart: share }
  const [picture] = await second<Image[]>(rest, { output: 'images', seed: 1 })
  latents.dispose()
  second.dispose()
  if (picture === undefined) throw new Error('The refiner drew nothing.')
  await picture.save(file)
  return picture
}

if (require.main === module) {
  const names = ['stabilityai/stable-diffusion-xl-base-1.0', 'stabilityai/stable-diffusion-xl-refiner-1.0']
  const [model = names[0] as string, refiner = names[1] as string] = process.argv.slice(2)
  main(model, refiner, 'refined.png').then(() => console.log('refined.png'))
}
