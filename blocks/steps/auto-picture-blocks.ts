/** What the automatic blocks of families have in common. Counterpart: StableDiffusionXLAutoBlocks of diffusers. */
import { type OutputParam, SequentialPipelineBlocks, Step, slot } from '../../src'
import { EmbedGuidance } from './embed-guidance'
import { PrepareModels } from './prepare-models'
import { SetGuidance } from './set-guidance'

/**
 * Begins with the steps that come before any model is called, names the tasks by the inputs that choose them, and gives pictures. A family adds its own steps
 * for texts, pictures, denoising and decoding.
 */
export abstract class AutoPictureBlocks extends SequentialPipelineBlocks {
  @Step() setGuidance = slot(SetGuidance)
  @Step() embedGuidance = slot(EmbedGuidance)
  @Step() prepareModels = slot(PrepareModels)

  override get workflowMap() {
    return {
      text2image: { prompt: true },
      image2image: { prompt: true, image: true },
      inpainting: { prompt: true, image: true, maskImage: true },
      controlnetText2image: { prompt: true, controlImage: true },
      controlnetImage2image: { prompt: true, image: true, controlImage: true },
      controlnetInpainting: { prompt: true, image: true, maskImage: true, controlImage: true },
      ipAdapterText2image: { prompt: true, ipAdapterImage: true },
      ipAdapterImage2image: { prompt: true, image: true, ipAdapterImage: true },
      ipAdapterInpainting: { prompt: true, image: true, maskImage: true, ipAdapterImage: true },
      ipAdapterControlnetText2image: { prompt: true, controlImage: true, ipAdapterImage: true },
      ipAdapterControlnetImage2image: { prompt: true, image: true, controlImage: true, ipAdapterImage: true },
      ipAdapterControlnetInpainting: {
        prompt: true,
        image: true,
        maskImage: true,
        controlImage: true,
        ipAdapterImage: true,
      },
    } as const
  }

  override get outputs(): readonly OutputParam[] {
    return this.intermediateOutputs.filter(output => output.name === 'images')
  }
}
