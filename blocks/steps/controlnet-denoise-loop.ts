/** The denoise loops with ControlNets. Counterpart: StableDiffusionXLControlNetDenoiseStep and StableDiffusionXLInpaintControlNetDenoiseStep of diffusers. */
import { Block, LoopStep, slot } from '../../src'
import { ControlNetPredictNoise } from './controlnet-predict-noise'
import { DenoiseLoop } from './denoise-loop'
import { InpaintDenoiseLoop } from './inpaint-denoise-loop'
import { sharedStep } from './shared-step'

/** Runs its parts once for each timestep: those of the denoise loop, with ControlNets. */
@Block({ ...sharedStep, description: 'Denoises the latents along pictures.' })
export class ControlNetDenoiseLoop extends DenoiseLoop {
  static override readonly className: string = 'ControlNetDenoiseLoop'

  @LoopStep() override predictNoise = slot(ControlNetPredictNoise)
}

/** Runs its parts once for each timestep: those of inpainting, with ControlNets. */
@Block({
  ...sharedStep,
  description: 'Denoises the latents where the mask is 1, along pictures, and keeps the picture elsewhere.',
})
export class InpaintControlNetDenoiseLoop extends InpaintDenoiseLoop {
  static override readonly className: string = 'InpaintControlNetDenoiseLoop'

  @LoopStep() override predictNoise = slot(ControlNetPredictNoise)
}
