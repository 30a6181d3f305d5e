/** Encodes the pictures that a run begins with. Counterpart: StableDiffusionXLVaeEncoderStep of diffusers. */
import { z } from 'zod'
import { Autoencoder, Generator, tf, VaeImageProcessor } from '../../components'
import {
  Block,
  Component,
  type In,
  type InOut,
  Input,
  ModularPipelineBlocks,
  type Out,
  Output,
  type RunCost,
} from '../../src'
import { imageProcessorOptions, vaeOptions } from './component-options'
import { encodePictures } from './encode-pictures'
import { areLatents, countOfPictures, type GivenPictures, requirePixels } from './picture-tensors'
import { requireShares } from './repeat-pictures'
import {
  countSchema,
  generatorInputSchema,
  generatorsSchema,
  pictureLatentsSchema,
  picturePixelsSchema,
  picturesSchema,
} from './schemas'
import { sharedStep } from './shared-step'

/** The input that image to image begins with. */
const imageSchema = z
  .union([picturesSchema, picturePixelsSchema, pictureLatentsSchema])
  .describe(
    'The picture to begin with: one for all, or one for each prompt. It may be a tensor of pixels from 0 to 1, or of latents as a denoiser takes them.',
  )

/**
 * Turns pictures into the latents that image to image begins with. Pictures may be a tensor of pixels. A tensor with the channels of latents, e.g. those of another
 * run, is taken as it is.
 *
 * The draws come in the order of the reference's pipelines: the latents of the pictures are drawn before any other noise. With a list of generators each draws
 * its own latents, and the pictures are repeated in turn until there is one for each generator.
 */
@Block({ ...sharedStep, description: 'Encodes the pictures that the run begins with.' })
export class EncodeImage extends ModularPipelineBlocks {
  static override readonly className: string = 'EncodeImage'

  @Component(Autoencoder, vaeOptions)
  vae!: Autoencoder

  @Component(VaeImageProcessor, imageProcessorOptions)
  imageProcessor!: VaeImageProcessor

  /**
   * The picture to begin with: one for all, or one for each prompt. It may be a tensor of pixels from 0 to 1, or of
   * latents as a denoiser takes them.
   */
  @Input(imageSchema)
  image!: In<GivenPictures, 'required'>

  /** Height in pixels that the pictures are brought to; by default their own. */
  @Input(countSchema.optional().describe('Height in pixels that the pictures are brought to; by default their own.'))
  height!: In<number | undefined>

  /** Width in pixels that the pictures are brought to; by default their own. */
  @Input(countSchema.optional().describe('Width in pixels that the pictures are brought to; by default their own.'))
  width!: In<number | undefined>

  /** Source of the random numbers: one, or one for each picture. By default made from the seed of the call. */
  @Input(generatorInputSchema)
  @Output(generatorsSchema.describe('Source of the random numbers of the run.'))
  generator!: InOut<Generator | Generator[] | undefined>

  @Output(pictureLatentsSchema.describe('Latents of the pictures, as the denoiser takes them.'))
  imageLatents!: Out<tf.Tensor4D>

  override estimateCost(): RunCost {
    const { image, vae } = this
    const factor = vae.spatialFactor
    const sizes = (height: number, width: number): RunCost => ({
      size: { height, width },
      latents: { height: height / factor, width: width / factor },
    })
    if (image instanceof tf.Tensor && image.rank !== 4) return {}
    if (image instanceof tf.Tensor && areLatents(image, vae))
      return sizes(image.shape[1] * factor, image.shape[2] * factor)
    const [first] = image instanceof tf.Tensor ? [{ height: image.shape[1], width: image.shape[2] }] : [image].flat()
    const side = (pixels = factor) => Math.max(factor, pixels - (pixels % factor))
    return sizes(side(this.height ?? first?.height), side(this.width ?? first?.width))
  }

  async run(): Promise<void> {
    const { image, vae, height, width, generator = new Generator(this.context.seed) } = this
    const { path, signal } = this.context
    this.generator = generator
    if (image instanceof tf.Tensor && areLatents(image, vae)) {
      this.imageLatents = image.clone()
      return
    }
    const otherwise = `Latents have ${vae.config.latentChannels} channels`
    await requirePixels(image, { path, input: 'image', channels: 3, otherwise })
    if (Array.isArray(generator)) {
      requireShares(image, countOfPictures(image), { path, input: 'image', batchSize: generator.length })
    }
    const processor = this.imageProcessor.with({
      vaeScaleFactor: vae.spatialFactor,
      vaeLatentChannels: vae.config.latentChannels,
      doConvertRgb: true,
    })
    const pixels = await processor.preprocessAsync(image, { height, width, signal })
    const scale = { statistics: this.appliesStatistics, shift: this.appliesShift }
    const options = { generator, scale, signal }
    this.imageLatents = (await encodePictures(vae, pixels, options)).latents
  }

  /** Whether means and deviations of the VAE's config are applied, if it has them. */
  protected get appliesStatistics(): boolean {
    return true
  }

  /** Whether the `shiftFactor` of the VAE's config is applied. The reference's pipelines for Stable Diffusion do not; a family that needs it overrides this. */
  protected get appliesShift(): boolean {
    return false
  }
}
