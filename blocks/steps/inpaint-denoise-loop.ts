/** The denoise loop of inpainting. Counterpart: StableDiffusionXLInpaintDenoiseStep of diffusers. */
import { Block, LoopStep, slot } from '../../src'
import { BlendMask } from './blend-mask'
import { DenoiseLoop } from './denoise-loop'
import { ScaleInpaintInput } from './scale-inpaint-input'
import { sharedStep } from './shared-step'

/** Runs its parts once for each timestep: those of the denoise loop, with the mask before and after them. */
@Block({
  ...sharedStep,
  description: 'Denoises the latents where the mask is 1, and keeps the picture elsewhere.',
})
export class InpaintDenoiseLoop extends DenoiseLoop {
  static override readonly className: string = 'InpaintDenoiseLoop'

  @LoopStep() override scaleInput = slot(ScaleInpaintInput)
  @LoopStep() blendMask = slot(BlendMask)
}
