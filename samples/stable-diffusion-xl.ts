/** One pipeline of Stable Diffusion XL does three tasks: it draws a picture, changes it, and draws a part of it again. */
import { Image, ModularPipeline, makeImageGrid, type StableDiffusionXLAutoBlocks } from 'tesserae'

/** Options of the sheet. */
export interface XlOptions {
  /** Side of the pictures in pixels. */
  size?: number
  numInferenceSteps?: number
}

/** White where a picture is redrawn: in the upper third. */
function upperThird(size: number): Image {
  const data = new Uint8Array(size * size).fill(255, 0, size * Math.floor(size / 3))
  return new Image({ width: size, height: size, channels: 1, data })
}

/** Writes a sheet: a picture, the changed picture, and the picture with a new upper part. */
export async function main(model: string, file: string, options: XlOptions = {}): Promise<Image> {
  const { size = 1024, numInferenceSteps = 30 } = options
  const pipe = await ModularPipeline.fromPretrained<StableDiffusionXLAutoBlocks>(model)
  await pipe.loadComponents()
  const shared = { height: size, width: size, numInferenceSteps }
  const draw = async (inputs: object) => {
    const [picture] = await pipe<Image[]>({ ...shared, ...inputs }, { output: 'images', seed: 1 })
    if (picture === undefined) throw new Error('The pipeline drew nothing.')
    return picture
  }
  const image = await draw({ prompt: 'a cat', prompt2: 'oil painting' })
  const changed = await draw({ prompt: 'a dog', image, strength: 0.6 })
  const crowned = await draw({ prompt: 'a crown', image, maskImage: upperThird(size), strength: 0.9 })
  const sheet = makeImageGrid([image, changed, crowned], { columns: 3 })
  await sheet.save(file)
  pipe.dispose()
  return sheet
}

if (require.main === module) {
  const [model = 'stabilityai/stable-diffusion-xl-base-1.0'] = process.argv.slice(2)
  main(model, 'stable-diffusion-xl.png').then(() => console.log('stable-diffusion-xl.png'))
}
