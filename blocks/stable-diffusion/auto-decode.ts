/** Turns latents into pictures, and pastes them into a larger one if they are a part of it. Counterpart: StableDiffusionXLAutoDecodeStep of diffusers. */
import { AutoPipelineBlocks, Block, Branch, SequentialPipelineBlocks, Step, slot } from '../../src'
import { OverlayMask } from '../steps/overlay-mask'
import { PostprocessImages } from '../steps/postprocess-images'
import { StableDiffusionDecodeLatents } from './decode-latents'
import { stableDiffusion } from './stable-diffusion'

/** From latents to pictures. */
@Block({ ...stableDiffusion, description: 'Decodes the latents to pictures.' })
export class StableDiffusionDecode extends SequentialPipelineBlocks {
  static override readonly className: string = 'StableDiffusionDecode'

  @Step() decode = slot(StableDiffusionDecodeLatents)
  @Step() postprocess = slot(PostprocessImages)
}

/** From latents to pictures of a part, and to the whole picture. */
@Block({ ...stableDiffusion, description: 'Decodes the latents to a part of a picture, and pastes it back.' })
export class StableDiffusionInpaintDecode extends SequentialPipelineBlocks {
  static override readonly className: string = 'StableDiffusionInpaintDecode'

  @Step() decode = slot(StableDiffusionDecodeLatents)
  @Step() postprocess = slot(PostprocessImages)
  @Step() maskOverlay = slot(OverlayMask)
}

/** Pastes the result back into the picture if only a part around the mask was drawn. */
@Block({ ...stableDiffusion, description: 'Decodes the latents to pictures, and pastes back those of a part.' })
export class StableDiffusionAutoDecode extends AutoPipelineBlocks {
  static override readonly className: string = 'StableDiffusionAutoDecode'

  @Branch({ when: 'paddingMaskCrop' }) inpaint = slot(StableDiffusionInpaintDecode)
  @Branch({ otherwise: true }) nonInpaint = slot(StableDiffusionDecode)
}
