/** Draws the noise that the run begins with. Counterpart: StableDiffusionPipeline.prepare_latents of diffusers. */
import {
  Autoencoder,
  Generator,
  randnTensorAsync,
  SchedulerMixin,
  type tf,
  UNet2DConditionModel,
} from '../../components'
import {
  Block,
  Component,
  type In,
  type InOut,
  Input,
  InputTypeError,
  ModularPipelineBlocks,
  Output,
  type RunCost,
} from '../../src'
import { schedulerOptions, unetOptions, vaeOptions } from './component-options'
import { fittingLatentSize, sizesOf } from './latent-size'
import {
  countSchema,
  generatorInputSchema,
  generatorsSchema,
  heightSchema,
  latentsSchema,
  widthSchema,
} from './schemas'
import { sharedStep } from './shared-step'
import { requireLatentsAlone } from './unet-task'

/** Makes the noisy latents of the first step. */
@Block({ ...sharedStep, description: 'Draws the noise that the run begins with.' })
export class PrepareLatents extends ModularPipelineBlocks {
  static override readonly className: string = 'PrepareLatents'

  @Component(SchedulerMixin, schedulerOptions)
  scheduler!: SchedulerMixin

  @Component(UNet2DConditionModel, unetOptions)
  unet!: UNet2DConditionModel

  @Component(Autoencoder, vaeOptions)
  vae!: Autoencoder

  /** Height of the picture in pixels; by default the model's own size. */
  @Input(heightSchema)
  height!: In<number | undefined>

  /** Width of the picture in pixels; by default the model's own size. */
  @Input(widthSchema)
  width!: In<number | undefined>

  /** How many pictures to make. */
  @Input(countSchema.describe('How many pictures to make.'))
  batchSize!: In<number>

  /** Source of the random numbers: one, or one for each picture. By default made from the seed of the call. */
  @Input(generatorInputSchema)
  @Output(generatorsSchema.describe('Source of the random numbers of the run.'))
  generator!: InOut<Generator | Generator[] | undefined>

  /** Noise to begin with, in place of random noise. */
  @Input(latentsSchema.optional().describe('Noise to begin with, in place of random noise.'))
  @Output(latentsSchema.describe('Noisy latents.'))
  latents!: InOut<tf.Tensor4D | undefined>

  override estimateCost(): RunCost {
    return { images: this.batchSize, ...sizesOf(this) }
  }

  async run(): Promise<void> {
    const { batchSize, scheduler, generator = new Generator(this.context.seed) } = this
    this.requireTextToImage()
    this.generator = generator
    const { path } = this.context
    const [height, width] = [fittingLatentSize(this, 'height', path), fittingLatentSize(this, 'width', path)]
    const shape = [batchSize, height, width, this.vae.config.latentChannels] as const
    const noise = this.latents ?? (await randnTensorAsync(shape, generator, { signal: this.context.signal }))
    if (noise.shape.join() !== shape.join()) {
      const expected = `its shape must be [${shape.join(', ')}]: ${batchSize} picture(s) of this size`
      throw new InputTypeError({ path: this.context.path, input: 'latents', expected, value: noise })
    }
    this.latents = noise.mul(scheduler.initNoiseSigma)
  }

  /** Refuses UNets for other tasks, which take channels of a mask or a picture beside the latents. @throws IncompatibleComponentsError */
  protected requireTextToImage(): void {
    requireLatentsAlone(this, this.context.path)
  }
}
