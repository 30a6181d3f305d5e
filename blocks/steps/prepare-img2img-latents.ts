/** Makes the noisy latents of a picture. Counterpart: StableDiffusionXLImg2ImgPrepareLatentsStep of diffusers. */
import { z } from 'zod'
import {
  Autoencoder,
  Generator,
  randnTensorAsync,
  SchedulerMixin,
  type tf,
  UNet2DConditionModel,
} from '../../components'
import { Block, Component, type In, type InOut, Input, ModularPipelineBlocks, Output } from '../../src'
import { schedulerOptions, unetOptions, vaeOptions } from './component-options'
import { repeatPictures } from './repeat-pictures'
import { countSchema, generatorInputSchema, generatorsSchema, latentsSchema, pictureLatentsSchema } from './schemas'
import { denoisingStartSchema } from './set-img2img-timesteps'
import { sharedStep } from './shared-step'
import { requireLatentsAlone } from './unet-task'

/**
 * Adds the noise of the first timestep to the latents of the pictures; none if the run continues where another has ended (`denoisingStart`). Fewer pictures than
 * the run makes are repeated in turn: a, b, a, b. Source: prepare_latents of StableDiffusionImg2ImgPipeline.
 */
@Block({ ...sharedStep, description: 'Adds the noise that the run begins with to the latents of the pictures.' })
export class PrepareImg2ImgLatents extends ModularPipelineBlocks {
  static override readonly className: string = 'PrepareImg2ImgLatents'

  @Component(SchedulerMixin, schedulerOptions)
  scheduler!: SchedulerMixin

  @Component(UNet2DConditionModel, unetOptions)
  unet!: UNet2DConditionModel

  @Component(Autoencoder, vaeOptions)
  vae!: Autoencoder

  /** How many pictures to make. */
  @Input(countSchema.describe('How many pictures to make.'))
  batchSize!: In<number>

  @Input(pictureLatentsSchema.describe('Latents of the pictures, as the denoiser takes them.'))
  imageLatents!: In<tf.Tensor4D>

  @Input(z.number().describe('The timestep whose noise the run begins with.'))
  latentTimestep!: In<number>

  /** Share of the denoising that is already done, at least 0 and less than 1: the run takes the rest, and adds no noise. In place of `strength`. */
  @Input(denoisingStartSchema)
  denoisingStart!: In<number | undefined>

  /** Source of the random numbers: one, or one for each picture. By default made from the seed of the call. */
  @Input(generatorInputSchema)
  @Output(generatorsSchema.describe('Source of the random numbers of the run.'))
  generator!: InOut<Generator | Generator[] | undefined>

  /** Noisy latents to begin with, in place of those of the pictures. */
  @Input(latentsSchema.optional().describe('Noisy latents to begin with, in place of those of the pictures.'))
  @Output(latentsSchema.describe('Noisy latents.'))
  latents!: InOut<tf.Tensor4D | undefined>

  async run(): Promise<void> {
    const { batchSize, imageLatents, latentTimestep, generator = new Generator(this.context.seed) } = this
    const { path, signal } = this.context
    requireLatentsAlone(this, path)
    this.generator = generator
    if (this.latents !== undefined) {
      this.latents = this.latents.clone()
      return
    }
    const clean = repeatPictures(imageLatents, { path, input: 'image', batchSize })
    if (this.denoisingStart !== undefined) {
      this.latents = clean
      return
    }
    const noise = await randnTensorAsync(clean.shape, generator, { signal })
    this.latents = this.scheduler.addNoise(clean, noise, latentTimestep)
  }
}
