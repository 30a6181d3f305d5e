/** Encodes the pictures that a run begins with. Counterpart: StableDiffusionXLVaeEncoderStep of diffusers. */
import { z } from 'zod'
import { Autoencoder, Generator, type Image, tf, VaeImageProcessor } from '../../components'
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
import { requireShares } from './repeat-pictures'
import { countSchema, generatorInputSchema, generatorsSchema, pictureLatentsSchema, picturesSchema } from './schemas'
import { sharedStep } from './shared-step'

/** The input that image to image begins with. */
export const imageSchema = z
  .union([picturesSchema, pictureLatentsSchema])
  .describe(
    'The picture to begin with: one for all, or one for each prompt; or their latents, as a denoiser takes them.',
  )

/**
 * Turns pictures into the latents that image to image begins with. Latents in place of pictures, e.g. those of another run, are taken as they are.
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

  /** The picture to begin with: one for all, or one for each prompt; or their latents, as a denoiser takes them. */
  @Input(imageSchema)
  image!: In<Image | Image[] | tf.Tensor4D, 'required'>

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
    if (image instanceof tf.Tensor) return sizes(image.shape[1] * factor, image.shape[2] * factor)
    const [first] = [image].flat()
    const side = (pixels = factor) => Math.max(factor, pixels - (pixels % factor))
    return sizes(side(this.height ?? first?.height), side(this.width ?? first?.width))
  }

  async run(): Promise<void> {
    const { image, vae, height, width, generator = new Generator(this.context.seed) } = this
    const { path, signal } = this.context
    this.generator = generator
    if (image instanceof tf.Tensor) {
      this.imageLatents = image.clone()
      return
    }
    if (Array.isArray(generator)) {
      requireShares(image, [image].flat().length, { path, input: 'image', batchSize: generator.length })
    }
    const processor = this.imageProcessor.with({ vaeScaleFactor: vae.spatialFactor, doConvertRgb: true })
    const pixels = await processor.preprocessAsync(image, { height, width, signal })
    const options = { generator, statistics: this.appliesStatistics, signal }
    this.imageLatents = (await encodePictures(vae, pixels, options)).latents
  }

  /** Whether means and deviations of the VAE's config are applied, if it has them. */
  protected get appliesStatistics(): boolean {
    return true
  }
}
