/** Makes the noisy latents that inpainting begins with. Counterpart: StableDiffusionXLInpaintPrepareLatentsStep of diffusers. */
import { z } from 'zod'
import { SchedulerMixin, type tf } from '../../components'
import {
  Block,
  Component,
  type In,
  type InOut,
  Input,
  MissingInputError,
  ModularPipelineBlocks,
  Output,
} from '../../src'
import { schedulerOptions } from './component-options'
import { repeatPictures } from './repeat-pictures'
import { countSchema, imageMasksSchema, latentsSchema, masksSchema, pictureLatentsSchema } from './schemas'
import { denoisingStartSchema, strengthSchema } from './set-img2img-timesteps'
import { sharedStep } from './shared-step'

/**
 * Begins with noise alone if the strength is 1, otherwise with the latents of the pictures and the noise of the first timestep. Pictures and masks are repeated
 * in turn until there is one for each picture of the result. Source: prepare_latents and prepare_mask_latents of StableDiffusionInpaintPipeline.
 */
@Block({ ...sharedStep, description: 'Makes the noisy latents that the run begins with, and a mask for each picture.' })
export class PrepareInpaintLatents extends ModularPipelineBlocks {
  static override readonly className: string = 'PrepareInpaintLatents'

  @Component(SchedulerMixin, schedulerOptions)
  scheduler!: SchedulerMixin

  /** How many pictures to make. */
  @Input(countSchema.describe('How many pictures to make.'))
  batchSize!: In<number>

  @Input(z.number().describe('The timestep whose noise the run begins with.'))
  latentTimestep!: In<number>

  /** How much to change the picture, from 0 to 1: that share of the steps is taken, and 1 begins with noise alone. */
  @Input(strengthSchema.default(0.9999))
  strength!: In<number>

  /** Share of the denoising that is already done, at least 0 and less than 1: the run takes the rest, and adds no noise. In place of `strength`. */
  @Input(denoisingStartSchema)
  denoisingStart!: In<number | undefined>

  /** Noise to begin with, in place of random noise. */
  @Input(latentsSchema.optional().describe('Noise to begin with, in place of random noise.'))
  @Output(latentsSchema.describe('Noisy latents.'))
  latents!: InOut<tf.Tensor4D | undefined>

  @Input(latentsSchema.describe('The noise of the run, before it is scaled.'))
  noise!: In<tf.Tensor4D>

  @Input(masksSchema.describe('1 where the picture is redrawn, 0 where it stays.'))
  @Output(imageMasksSchema.describe('The mask of each picture of the result.'))
  mask!: InOut<tf.Tensor4D>

  @Input(pictureLatentsSchema.optional().describe('Latents of the pictures.'))
  @Output({ schema: latentsSchema.optional(), description: 'Latents of the picture of each result.' })
  imageLatents!: InOut<tf.Tensor4D | undefined>

  @Input(pictureLatentsSchema.optional().describe('Latents of the pictures without what is redrawn.'))
  @Output({ schema: latentsSchema.optional(), description: 'Latents of the masked picture of each result.' })
  maskedImageLatents!: InOut<tf.Tensor4D | undefined>

  run(): void {
    const { batchSize, scheduler, noise } = this
    const { path } = this.context
    const forEach = (rows: tf.Tensor4D | undefined, input: string) =>
      rows && repeatPictures(rows, { path, input, batchSize })
    this.mask = repeatPictures(this.mask, { path, input: 'maskImage', batchSize })
    this.imageLatents = forEach(this.imageLatents, 'image')
    this.maskedImageLatents = forEach(this.maskedImageLatents, 'image')
    const isNoise = this.denoisingStart === undefined && (this.latents !== undefined || this.strength === 1)
    this.latents = isNoise ? noise.mul(scheduler.initNoiseSigma) : this.beginWithPicture()
  }

  /** The latents of the pictures, with the noise of the first timestep unless the run continues where another has ended. */
  private beginWithPicture(): tf.Tensor4D {
    const { imageLatents, noise, latentTimestep } = this
    if (imageLatents === undefined) {
      throw new MissingInputError({ path: this.context.path, input: 'imageLatents', available: ['mask', 'noise'] })
    }
    if (this.denoisingStart !== undefined) return imageLatents.clone()
    return this.scheduler.addNoise(imageLatents, noise, latentTimestep)
  }
}
