/** Lets the models get ready while the prompt is encoded, for the task that the inputs ask for. */
import { Block, Branch, ConditionalPipelineBlocks, slot, type TriggerValues } from '../../src'
import { PrepareImg2ImgModels } from './prepare-img2img-models'
import { PrepareModels } from './prepare-models'
import { stableDiffusion } from './stable-diffusion'

/** Prepares for the size of the picture, or for the size that is asked for. Skipped for embeddings, as no text is encoded meanwhile. */
@Block({ ...stableDiffusion, description: 'Lets the UNet and the VAE get ready for the shapes of this run.' })
export class StableDiffusionAutoPrepareModels extends ConditionalPipelineBlocks {
  static override readonly className: string = 'StableDiffusionAutoPrepareModels'

  @Branch() img2img = slot(PrepareImg2ImgModels)
  @Branch() text2img = slot(PrepareModels)

  override get blockTriggerInputs() {
    return ['promptEmbeds', 'maskImage', 'image']
  }

  override selectBlock({ promptEmbeds, maskImage, image }: TriggerValues): string | undefined {
    if (promptEmbeds !== undefined) return undefined
    return image !== undefined && maskImage === undefined ? 'img2img' : 'text2img'
  }
}
