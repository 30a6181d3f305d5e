/** Chooses the timesteps of a run that begins with a picture. Counterpart: get_timesteps of diffusers' Stable Diffusion pipelines. */
import { Block, type In, Input } from '../../src'
import { SetImg2ImgTimesteps, strengthSchema } from '../steps/set-img2img-timesteps'
import { correctInpaintScheduler } from './component-corrections'
import { stableDiffusionPart } from './stable-diffusion'

/** Takes 80 % of the steps unless told otherwise. */
@Block({ ...stableDiffusionPart, description: 'Chooses the timesteps of a run that begins with a picture.' })
export class StableDiffusionSetImg2ImgTimesteps extends SetImg2ImgTimesteps {
  static override readonly className: string = 'StableDiffusionSetImg2ImgTimesteps'

  /** How much to change the picture, from 0 to 1: that share of the steps is taken, and 1 begins with noise alone. */
  @Input(strengthSchema.default(0.8))
  override strength!: In<number>
}

/** Takes all steps unless told otherwise. */
@Block({ ...stableDiffusionPart, description: 'Chooses the timesteps of a run that redraws a part of a picture.' })
export class StableDiffusionSetInpaintTimesteps extends SetImg2ImgTimesteps {
  static override readonly className: string = 'StableDiffusionSetInpaintTimesteps'

  /** How much to change the picture, from 0 to 1: that share of the steps is taken, and 1 begins with noise alone. */
  @Input(strengthSchema.default(1))
  override strength!: In<number>

  override run(): void {
    // The run's own copy: blocks that serve other tasks too have left these settings as they were.
    correctInpaintScheduler(this.scheduler, 'The scheduler')
    super.run()
  }
}
