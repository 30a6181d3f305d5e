/** Denoises, for each task in its way. Counterpart: StableDiffusionXLCoreDenoiseStep of diffusers. */
import { AutoPipelineBlocks, Block, Branch, SequentialPipelineBlocks, Step, slot } from '../../src'
import { AutoControlNetDenoise } from '../steps/auto-controlnet-denoise'
import { AutoT2IAdapter } from '../steps/auto-t2i-adapter'
import { DenoiseLoop } from '../steps/denoise-loop'
import { InpaintDenoiseLoop } from '../steps/inpaint-denoise-loop'
import { ProjectIPAdapterImages } from '../steps/project-ip-adapter-images'
import { StableDiffusionXLAutoBeforeDenoise } from './auto-before-denoise'
import { StableDiffusionXLAutoControlNetInput } from './auto-controlnet-input'
import { StableDiffusionXLInput } from './input'
import { stableDiffusionXL } from './stable-diffusion-xl'

/** The denoise loops with ControlNets if there are pictures for them, that of inpainting if there is a mask, and that of the other tasks otherwise. */
@Block({ ...stableDiffusionXL, description: 'Denoises the latents, those under a mask alone if there is one.' })
export class StableDiffusionXLAutoDenoise extends AutoPipelineBlocks {
  static override readonly className: string = 'StableDiffusionXLAutoDenoise'

  @Branch({ when: 'controlnetCond' }) controlnetDenoise = slot(AutoControlNetDenoise)
  @Branch({ when: 'mask' }) inpaintDenoise = slot(InpaintDenoiseLoop)
  @Branch({ otherwise: true }) denoise = slot(DenoiseLoop)
}

/** From embeddings, and from a picture and a mask if there are any, to latents; along other pictures if there are any. */
@Block({ ...stableDiffusionXL, description: 'Denoises from noise, from a picture, or where a mask covers a picture.' })
export class StableDiffusionXLCoreDenoise extends SequentialPipelineBlocks {
  static override readonly className: string = 'StableDiffusionXLCoreDenoise'

  @Step() input = slot(StableDiffusionXLInput)
  @Step() beforeDenoise = slot(StableDiffusionXLAutoBeforeDenoise)
  @Step() controlnetInput = slot(StableDiffusionXLAutoControlNetInput)
  @Step() t2iAdapter = slot(AutoT2IAdapter)
  @Step() projectIpAdapterImages = slot(ProjectIPAdapterImages)
  @Step() denoise = slot(StableDiffusionXLAutoDenoise)
}
