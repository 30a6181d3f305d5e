/** `tesserae describe`: what the pipeline takes, gives and is made of. */
import { StableDiffusionTextToImageBlocks } from '../blocks/stable-diffusion/text-to-image-blocks'

/** Prints the documentation of the text-to-image pipeline. */
export function describe({ json = false }: { json?: boolean }): void {
  const blocks = new StableDiffusionTextToImageBlocks()
  if (json) console.log(JSON.stringify(blocks.describe(), null, 2))
  else console.log(`${blocks.doc}\n\n${blocks}`)
}
