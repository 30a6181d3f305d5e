/** Denoises, for each task in its way. Counterpart: the before-denoise and denoise steps of StableDiffusionXLAutoBlocks in diffusers. */
import { AutoPipelineBlocks, Block, Branch, SequentialPipelineBlocks, Step, slot } from '../../src'
import { DenoiseLoop } from '../steps/denoise-loop'
import { InpaintDenoiseLoop } from '../steps/inpaint-denoise-loop'
import { PrepareImg2ImgLatents } from '../steps/prepare-img2img-latents'
import { PrepareLatents } from '../steps/prepare-latents'
import { SetTimesteps } from '../steps/set-timesteps'
import { StableDiffusionPrepareInpaintLatents } from './prepare-inpaint-latents'
import { StableDiffusionSetImg2ImgTimesteps, StableDiffusionSetInpaintTimesteps } from './set-img2img-timesteps'
import { stableDiffusion, stableDiffusionPart } from './stable-diffusion'

/** From noise to latents. */
@Block({ ...stableDiffusionPart, description: 'Draws latents from noise alone.' })
export class StableDiffusionTextToImageDenoise extends SequentialPipelineBlocks {
  static override readonly className: string = 'StableDiffusionTextToImageDenoise'

  @Step() setTimesteps = slot(SetTimesteps)
  @Step() prepareLatents = slot(PrepareLatents)
  @Step() denoise = slot(DenoiseLoop)
}

/** From a picture to latents. */
@Block({ ...stableDiffusionPart, description: 'Draws latents from those of a picture.' })
export class StableDiffusionImageToImageDenoise extends SequentialPipelineBlocks {
  static override readonly className: string = 'StableDiffusionImageToImageDenoise'

  @Step() setTimesteps = slot(StableDiffusionSetImg2ImgTimesteps)
  @Step() prepareLatents = slot(PrepareImg2ImgLatents)
  @Step() denoise = slot(DenoiseLoop)
}

/** From a picture and a mask to latents. */
@Block({ ...stableDiffusionPart, description: 'Draws latents anew where a mask covers those of a picture.' })
export class StableDiffusionInpaintDenoise extends SequentialPipelineBlocks {
  static override readonly className: string = 'StableDiffusionInpaintDenoise'

  @Step() setTimesteps = slot(StableDiffusionSetInpaintTimesteps)
  @Step() prepareLatents = slot(StableDiffusionPrepareInpaintLatents)
  @Step() denoise = slot(InpaintDenoiseLoop)
}

/** Inpaints if there is a mask, changes a picture if there is one, and draws from noise otherwise. */
@Block({ ...stableDiffusion, description: 'Denoises from noise, from a picture, or where a mask covers a picture.' })
export class StableDiffusionAutoDenoise extends AutoPipelineBlocks {
  static override readonly className: string = 'StableDiffusionAutoDenoise'

  @Branch({ when: 'mask' }) inpaint = slot(StableDiffusionInpaintDenoise)
  @Branch({ when: 'imageLatents' }) img2img = slot(StableDiffusionImageToImageDenoise)
  @Branch({ otherwise: true }) text2img = slot(StableDiffusionTextToImageDenoise)
}
