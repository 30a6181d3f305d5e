/** Denoises along pictures, with a mask or without. Counterpart: StableDiffusionXLAutoControlNetDenoiseStep of diffusers. */
import { AutoPipelineBlocks, Block, Branch, slot } from '../../src'
import { ControlNetDenoiseLoop, InpaintControlNetDenoiseLoop } from './controlnet-denoise-loop'
import { sharedStep } from './shared-step'

/** The loop of inpainting if there is a mask, and that of the other tasks otherwise. */
@Block({ ...sharedStep, description: 'Denoises the latents along pictures, those under a mask alone if there is one.' })
export class AutoControlNetDenoise extends AutoPipelineBlocks {
  static override readonly className: string = 'AutoControlNetDenoise'

  @Branch({ when: 'mask' }) inpaintControlnetDenoise = slot(InpaintControlNetDenoiseLoop)
  @Branch({ otherwise: true }) controlnetDenoise = slot(ControlNetDenoiseLoop)
}
