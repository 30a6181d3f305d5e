/** Chooses timesteps and makes latents, for each task in its way. Counterpart: StableDiffusionXLAutoBeforeDenoiseStep of diffusers. */
import { AutoPipelineBlocks, Block, Branch, SequentialPipelineBlocks, Step, slot } from '../../src'
import { PrepareImg2ImgLatents } from '../steps/prepare-img2img-latents'
import { PrepareLatents } from '../steps/prepare-latents'
import { SetTimesteps } from '../steps/set-timesteps'
import { StableDiffusionPrepareInpaintLatents } from './prepare-inpaint-latents'
import { StableDiffusionSetImg2ImgTimesteps, StableDiffusionSetInpaintTimesteps } from './set-img2img-timesteps'
import { StableDiffusionAutoSize } from './size-of-control-image'
import { stableDiffusion, stableDiffusionPart } from './stable-diffusion'

/** What comes before the denoise loop of text to image. */
@Block({ ...stableDiffusionPart, description: 'Begins with noise alone.' })
export class StableDiffusionBeforeDenoise extends SequentialPipelineBlocks {
  static override readonly className: string = 'StableDiffusionBeforeDenoise'

  @Step() size = slot(StableDiffusionAutoSize)
  @Step() setTimesteps = slot(SetTimesteps)
  @Step() prepareLatents = slot(PrepareLatents)
}

/** What comes before the denoise loop of image to image. */
@Block({ ...stableDiffusionPart, description: 'Begins with the latents of a picture.' })
export class StableDiffusionImg2ImgBeforeDenoise extends SequentialPipelineBlocks {
  static override readonly className: string = 'StableDiffusionImg2ImgBeforeDenoise'

  @Step() setTimesteps = slot(StableDiffusionSetImg2ImgTimesteps)
  @Step() prepareLatents = slot(PrepareImg2ImgLatents)
}

/** What comes before the denoise loop of inpainting. */
@Block({ ...stableDiffusionPart, description: 'Begins with the latents of a picture and a mask.' })
export class StableDiffusionInpaintBeforeDenoise extends SequentialPipelineBlocks {
  static override readonly className: string = 'StableDiffusionInpaintBeforeDenoise'

  @Step() setTimesteps = slot(StableDiffusionSetInpaintTimesteps)
  @Step() prepareLatents = slot(StableDiffusionPrepareInpaintLatents)
}

/** Prepares inpainting if there is a mask, image to image if there is a picture, and text to image otherwise. */
@Block({ ...stableDiffusion, description: 'Chooses the timesteps and makes the latents that the task begins with.' })
export class StableDiffusionAutoBeforeDenoise extends AutoPipelineBlocks {
  static override readonly className: string = 'StableDiffusionAutoBeforeDenoise'

  @Branch({ when: 'mask' }) inpaint = slot(StableDiffusionInpaintBeforeDenoise)
  @Branch({ when: 'imageLatents' }) img2img = slot(StableDiffusionImg2ImgBeforeDenoise)
  @Branch({ otherwise: true }) text2img = slot(StableDiffusionBeforeDenoise)
}
