/** A crown for a cat: the part of a picture under a mask is redrawn. */
import { bundledModel, Image, ModularPipeline, makeImageGrid, type StableDiffusionAutoBlocks } from 'tesserae'

/** White where the crown goes: on top of the head. */
function maskFor({ width, height }: Image): Image {
  const isCrown = (x: number, y: number) => y < height * 0.375 && x > width / 8 && x < width * 0.875
  const data = Uint8Array.from({ length: width * height }, (_, i) =>
    isCrown(i % width, Math.floor(i / width)) ? 255 : 0,
  )
  return new Image({ width, height, channels: 1, data })
}

/** Writes a sheet: a cat, the mask, and the cat with a crown. The pipeline takes its task from what it is given. */
export async function main(model: string, file: string): Promise<Image> {
  const pipe = await ModularPipeline.fromPretrained<StableDiffusionAutoBlocks>(model)
  await pipe.loadComponents()
  const settings = { guidanceScale: 4, numInferenceSteps: 25 }
  const [image] = await pipe({ ...settings, prompt: 'cat face' }, { output: 'images', seed: 2 })
  if (image === undefined) throw new Error('The pipeline drew no cat.')
  const maskImage = maskFor(image)
  const crowned = await pipe({ ...settings, prompt: 'crown', image, maskImage }, { output: 'images', seed: 2 })
  const mask = new Image({
    ...maskImage,
    channels: 3,
    data: Uint8Array.from([...maskImage.data].flatMap(value => [value, value, value])),
  })
  const sheet = makeImageGrid([image, mask, ...crowned], { columns: 3 })
  await sheet.save(file)
  pipe.dispose()
  return sheet
}

if (require.main === module) main(bundledModel('emoji'), 'inpainting.png').then(() => console.log('inpainting.png'))
