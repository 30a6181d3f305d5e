/**
 * Chooses timesteps, makes latents and prepares the UNet's additional conditions, for each task in its way.
 * Counterpart: StableDiffusionXLAutoBeforeDenoiseStep of diffusers.
 */
import { AutoPipelineBlocks, Block, Branch, SequentialPipelineBlocks, Step, slot } from '../../src'
import { PrepareImg2ImgLatents } from '../steps/prepare-img2img-latents'
import { PrepareInpaintLatents } from '../steps/prepare-inpaint-latents'
import { PrepareLatents } from '../steps/prepare-latents'
import { SetImg2ImgTimesteps } from '../steps/set-img2img-timesteps'
import { StableDiffusionXLPrepareAdditionalConditioning } from './prepare-additional-conditioning'
import { StableDiffusionXLImg2ImgPrepareAdditionalConditioning } from './prepare-img2img-additional-conditioning'
import { StableDiffusionXLSetTimesteps } from './set-timesteps'
import { stableDiffusionXL } from './stable-diffusion-xl'

/** What comes before the denoise loop of text to image. */
@Block({ ...stableDiffusionXL, description: 'Begins with noise alone.' })
export class StableDiffusionXLBeforeDenoise extends SequentialPipelineBlocks {
  static override readonly className: string = 'StableDiffusionXLBeforeDenoise'

  @Step() setTimesteps = slot(StableDiffusionXLSetTimesteps)
  @Step() prepareLatents = slot(PrepareLatents)
  @Step() prepareAddCond = slot(StableDiffusionXLPrepareAdditionalConditioning)
}

/** What comes before the denoise loop of image to image. */
@Block({ ...stableDiffusionXL, description: 'Begins with the latents of a picture.' })
export class StableDiffusionXLImg2ImgBeforeDenoise extends SequentialPipelineBlocks {
  static override readonly className: string = 'StableDiffusionXLImg2ImgBeforeDenoise'

  @Step() setTimesteps = slot(SetImg2ImgTimesteps)
  @Step() prepareLatents = slot(PrepareImg2ImgLatents)
  @Step() prepareAddCond = slot(StableDiffusionXLImg2ImgPrepareAdditionalConditioning)
}

/** What comes before the denoise loop of inpainting. */
@Block({ ...stableDiffusionXL, description: 'Begins with the latents of a picture and a mask.' })
export class StableDiffusionXLInpaintBeforeDenoise extends SequentialPipelineBlocks {
  static override readonly className: string = 'StableDiffusionXLInpaintBeforeDenoise'

  @Step() setTimesteps = slot(SetImg2ImgTimesteps)
  @Step() prepareLatents = slot(PrepareInpaintLatents)
  @Step() prepareAddCond = slot(StableDiffusionXLImg2ImgPrepareAdditionalConditioning)
}

/** Prepares inpainting if there is a mask, image to image if there is a picture, and text to image otherwise. */
@Block({
  ...stableDiffusionXL,
  description:
    'Chooses the timesteps, makes the latents that the task begins with, and prepares the additional conditions of the UNet.',
})
export class StableDiffusionXLAutoBeforeDenoise extends AutoPipelineBlocks {
  static override readonly className: string = 'StableDiffusionXLAutoBeforeDenoise'

  @Branch({ when: 'mask' }) inpaint = slot(StableDiffusionXLInpaintBeforeDenoise)
  @Branch({ when: 'imageLatents' }) img2img = slot(StableDiffusionXLImg2ImgBeforeDenoise)
  @Branch({ otherwise: true }) text2img = slot(StableDiffusionXLBeforeDenoise)
}
