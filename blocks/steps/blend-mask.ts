/** Keeps what the mask leaves of a picture. Counterpart: StableDiffusionXLInpaintLoopAfterDenoiser of diffusers. */
import { Autoencoder, SchedulerMixin, tf, UNet2DConditionModel } from '../../components'
import {
  Block,
  Component,
  type In,
  type InOut,
  Input,
  LoopStep,
  MissingInputError,
  ModularPipelineBlocks,
  Output,
} from '../../src'
import { schedulerOptions, unetOptions, vaeOptions } from './component-options'
import { imageMasksSchema, latentsSchema, timestepsSchema } from './schemas'
import { sharedStep } from './shared-step'
import { takesMask } from './unet-task'

/**
 * A step of the denoise loop, after the scheduler's. It takes from the picture what the mask does not cover, with the
 * noise of the next timestep, and without noise after the last one. A UNet that takes the mask itself needs none of it.
 */
@Block({ ...sharedStep, description: 'Puts back what the mask does not cover, if the UNet does not take the mask.' })
export class BlendMask extends ModularPipelineBlocks {
  static override readonly className: string = 'BlendMask'

  @Component(SchedulerMixin, schedulerOptions)
  scheduler!: SchedulerMixin

  @Component(UNet2DConditionModel, unetOptions)
  unet!: UNet2DConditionModel

  @Component(Autoencoder, vaeOptions)
  vae!: Autoencoder

  /** The timesteps of the run, falling. */
  @Input(timestepsSchema.describe('The timesteps of the run, falling.'))
  timesteps!: In<number[]>

  @Input(imageMasksSchema.describe('1 where the picture is redrawn, 0 where it stays.'))
  mask!: In<tf.Tensor4D>

  @Input(latentsSchema.describe('The noise of the run, before it is scaled.'))
  noise!: In<tf.Tensor4D>

  @Input(latentsSchema.optional().describe('Latents of the pictures, for UNets that do not take the mask.'))
  imageLatents!: In<tf.Tensor4D | undefined>

  @Input(latentsSchema)
  @Output(latentsSchema.describe('Less noisy latents, the same as the picture where the mask is 0.'))
  latents!: InOut<tf.Tensor4D>

  @LoopStep({ variables: ['i'] })
  step({ i }: { i: number }): void {
    if (takesMask(this)) return
    const { scheduler, timesteps, mask, noise, imageLatents, latents } = this
    if (imageLatents === undefined) {
      throw new MissingInputError({ path: this.context.path, input: 'imageLatents', available: ['latents', 'mask'] })
    }
    const next = timesteps[i + 1]
    this.latents = tf.tidy(() => {
      const kept = next === undefined ? imageLatents : scheduler.addNoise(imageLatents, noise, next)
      return tf.sub(1, mask).mul(kept).add<tf.Tensor4D>(mask.mul(latents))
    })
  }
}
