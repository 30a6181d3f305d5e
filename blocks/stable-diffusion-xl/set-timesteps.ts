/** Chooses the timesteps of text to image. Counterpart: StableDiffusionXLSetTimestepsStep of diffusers. */
import { Block, type In, Input, InputTypeError, type RunCost } from '../../src'
import { denoisingEndSchema } from '../steps/set-img2img-timesteps'
import { SetTimesteps } from '../steps/set-timesteps'
import { endByShare } from '../steps/timestep-window'
import { stableDiffusionXL } from './stable-diffusion-xl'

/** Asks the scheduler for its timesteps, and keeps those before the end of the run: a refiner takes the rest. */
@Block({ ...stableDiffusionXL, description: 'Chooses the timesteps of the run, up to where another run takes over.' })
export class StableDiffusionXLSetTimesteps extends SetTimesteps {
  static override readonly className: string = 'StableDiffusionXLSetTimesteps'

  /** Share of the denoising after which the run ends, above 0 and at most 1. The latents keep the noise that is left. */
  @Input(denoisingEndSchema)
  denoisingEnd!: In<number | undefined>

  override estimateCost(): RunCost {
    const { steps = 0 } = super.estimateCost()
    return { steps: Math.ceil(steps * (this.denoisingEnd ?? 1)) }
  }

  override run(): void {
    super.run()
    const { scheduler, denoisingEnd = 1 } = this
    if (denoisingEnd === 1) return
    const timesteps = endByShare(scheduler, scheduler.timesteps, denoisingEnd)
    if (timesteps.length === 0) {
      const expected = `no timestep lies before it. Take more than ${this.numInferenceSteps} steps`
      throw new InputTypeError({ path: this.context.path, input: 'denoisingEnd', expected, value: denoisingEnd })
    }
    this.timesteps = [...timesteps]
    this.numInferenceSteps = timesteps.length
  }
}
