/** Turns latents into pictures, and pastes them into a larger one if they are a part of it. Counterpart: StableDiffusionXLAutoDecodeStep of diffusers. */
import { AutoPipelineBlocks, Block, Branch, SequentialPipelineBlocks, Step, slot } from '../../src'
import { DecodeLatents } from '../steps/decode-latents'
import { OverlayMask } from '../steps/overlay-mask'
import { PostprocessImages } from '../steps/postprocess-images'
import { stableDiffusionXL } from './stable-diffusion-xl'

/** From latents to pictures. */
@Block({ ...stableDiffusionXL, description: 'Decodes the latents to pictures.' })
export class StableDiffusionXLDecode extends SequentialPipelineBlocks {
  static override readonly className: string = 'StableDiffusionXLDecode'

  @Step() decode = slot(DecodeLatents)
  @Step() postprocess = slot(PostprocessImages)
}

/** From latents to pictures of a part, and to the whole picture. */
@Block({ ...stableDiffusionXL, description: 'Decodes the latents to a part of a picture, and pastes it back.' })
export class StableDiffusionXLInpaintDecode extends SequentialPipelineBlocks {
  static override readonly className: string = 'StableDiffusionXLInpaintDecode'

  @Step() decode = slot(DecodeLatents)
  @Step() postprocess = slot(PostprocessImages)
  @Step() maskOverlay = slot(OverlayMask)
}

/** Pastes the result back into the picture if only a part around the mask was drawn. */
@Block({ ...stableDiffusionXL, description: 'Decodes the latents to pictures, and pastes back those of a part.' })
export class StableDiffusionXLAutoDecode extends AutoPipelineBlocks {
  static override readonly className: string = 'StableDiffusionXLAutoDecode'

  @Branch({ when: 'paddingMaskCrop' }) inpaint = slot(StableDiffusionXLInpaintDecode)
  @Branch({ otherwise: true }) nonInpaint = slot(StableDiffusionXLDecode)
}
