/** Encodes a picture and the mask of what is redrawn. Counterpart: StableDiffusionXLInpaintVaeEncoderStep of diffusers. */
import { z } from 'zod'
import {
  Autoencoder,
  Generator,
  type Image,
  randnTensorAsync,
  tf,
  UNet2DConditionModel,
  VaeImageProcessor,
} from '../../components'
import {
  Block,
  Component,
  type In,
  type InOut,
  Input,
  InputTypeError,
  ModularPipelineBlocks,
  type Out,
  Output,
  type RunCost,
} from '../../src'
import { imageProcessorOptions, maskProcessorOptions, unetOptions, vaeOptions } from './component-options'
import { type EncodePicturesOptions, encodePictures } from './encode-pictures'
import { fittingLatentSize, type LatentSizeSource, pictureSize, sizesOf } from './latent-size'
import { areLatents, countOfPictures, type GivenPictures, requirePixels } from './picture-tensors'
import { requireShares } from './repeat-pictures'
import {
  countSchema,
  cropSchema,
  generatorInputSchema,
  generatorsSchema,
  heightSchema,
  latentsSchema,
  maskPixelsSchema,
  masksSchema,
  paddingMaskCropSchema,
  pictureLatentsSchema,
  picturePixelsSchema,
  picturesSchema,
  widthSchema,
} from './schemas'
import { denoisingStartSchema, strengthSchema } from './set-img2img-timesteps'
import { sharedStep } from './shared-step'
import { requireInpaintModel, takesMask } from './unet-task'

/**
 * Turns pictures and masks into what inpainting works on. Pictures and masks of any size are resized to the result. Grey values of a mask become
 * 1 from 128 on, and 0 below; those of a tensor, from 0.5 on.
 *
 * The draws come in the order of the reference's classic pipelines, so that a seed gives their pictures. The order is:
 * the latents of the picture, the noise of the run, the latents of the masked picture. (The modular pipelines of the
 * reference draw the noise last.) So the noise is drawn here. What no later step reads is
 * drawn but not computed.
 *
 * Latents of another run, e.g. of one that ended early, are taken as they are, and set the size of the result. Pixels
 * around the mask cannot be cut out of them, so a UNet that takes the masked picture needs the picture itself.
 */
@Block({
  ...sharedStep,
  description: 'Encodes the picture, the mask of what is redrawn, and the rest of the picture.',
})
export class EncodeInpaintImage extends ModularPipelineBlocks {
  static override readonly className: string = 'EncodeInpaintImage'

  @Component(Autoencoder, vaeOptions)
  vae!: Autoencoder

  @Component(UNet2DConditionModel, unetOptions)
  unet!: UNet2DConditionModel

  @Component(VaeImageProcessor, imageProcessorOptions)
  imageProcessor!: VaeImageProcessor

  @Component(VaeImageProcessor, maskProcessorOptions)
  maskProcessor!: VaeImageProcessor

  /**
   * The picture to begin with; a mask covers what is redrawn. One for all, or one for each prompt; also as a tensor of
   * pixels from 0 to 1. A UNet that does not take the mask also allows latents of another run.
   */
  @Input(
    z
      .union([picturesSchema, picturePixelsSchema, pictureLatentsSchema])
      .describe(
        'The picture to begin with; a mask covers what is redrawn. One for all, or one for each prompt; also as a tensor of pixels from 0 to 1. A UNet that does not take the mask also allows latents of another run.',
      ),
  )
  image!: In<GivenPictures, 'required'>

  /** The part that is redrawn, white on black: one mask for all, or one for each picture; also as a tensor from 0 to 1. Its size may differ from the picture's. */
  @Input(
    z
      .union([picturesSchema, maskPixelsSchema])
      .describe(
        "The part that is redrawn, white on black: one mask for all, or one for each picture; also as a tensor from 0 to 1. Its size may differ from the picture's.",
      ),
  )
  maskImage!: In<GivenPictures, 'required'>

  /** Pixels around the mask: with it, the part around the mask is cut out, drawn in full size and pasted back. */
  @Input(paddingMaskCropSchema)
  paddingMaskCrop!: In<number | undefined>

  /** Height of the picture in pixels; by default the model's own size. */
  @Input(heightSchema)
  height!: In<number | undefined>

  /** Width of the picture in pixels; by default the model's own size. */
  @Input(widthSchema)
  width!: In<number | undefined>

  /** How much to change the picture, from 0 to 1: that share of the steps is taken, and 1 begins with noise alone. */
  @Input(strengthSchema.optional())
  strength!: In<number | undefined>

  /** Share of the denoising that is already done, at least 0 and less than 1: the run takes the rest, and adds no noise. In place of `strength`. */
  @Input(denoisingStartSchema)
  denoisingStart!: In<number | undefined>

  /** How many pictures to make. */
  @Input(countSchema.describe('How many pictures to make.'))
  batchSize!: In<number>

  /** Noise to begin with, in place of random noise. */
  @Input(latentsSchema.optional().describe('Noise to begin with, in place of random noise.'))
  latents!: In<tf.Tensor4D | undefined>

  /** Source of the random numbers: one, or one for each picture. By default made from the seed of the call. */
  @Input(generatorInputSchema)
  @Output(generatorsSchema.describe('Source of the random numbers of the run.'))
  generator!: InOut<Generator | Generator[] | undefined>

  @Output({
    schema: pictureLatentsSchema.optional(),
    description: 'Latents of the pictures; none if the run begins with noise alone and the UNet takes the mask.',
  })
  imageLatents!: Out<tf.Tensor4D | undefined>

  @Output(masksSchema.describe('1 where the picture is redrawn, 0 where it stays.'))
  mask!: Out<tf.Tensor4D>

  @Output({
    schema: pictureLatentsSchema.optional(),
    description: 'Latents of the pictures without what is redrawn, if the UNet takes them.',
  })
  maskedImageLatents!: Out<tf.Tensor4D | undefined>

  @Output(latentsSchema.describe('The noise of the run, before it is scaled.'))
  noise!: Out<tf.Tensor4D>

  @Output({
    schema: cropSchema.optional(),
    description: 'The part that was cut out, `[left, top, right, bottom]` in pixels, if one was.',
  })
  cropsCoords!: Out<[left: number, top: number, right: number, bottom: number] | undefined>

  override estimateCost(): RunCost {
    return sizesOf(this.sizeSource)
  }

  async run(): Promise<void> {
    const { vae, batchSize, latents, strength = this.defaultStrength, denoisingStart } = this
    const { generator = new Generator(this.context.seed) } = this
    const { path, signal } = this.context
    requireInpaintModel(this, path)
    this.generator = generator
    await this.requireTensors()
    this.requireBatch()
    const source = this.sizeSource
    const size = [fittingLatentSize(source, 'height', path), fittingLatentSize(source, 'width', path)] as const
    this.cropsCoords = this.cropRegion()
    const mask = await this.preprocessMask()
    this.mask = tf.image.resizeNearestNeighbor(mask, [...size])
    const noiseOf = (images: number) => [images, ...size, vae.config.latentChannels] as const
    const given = this.givenLatents
    if (given) {
      this.imageLatents = given.clone()
      this.maskedImageLatents = undefined
      this.noise = latents?.clone() ?? (await randnTensorAsync(noiseOf(batchSize), generator, { signal }))
      return
    }
    const pixels = await this.preprocessPictures()
    const isOfUNet = takesMask(this)
    const isNeeded = !isOfUNet || denoisingStart !== undefined || (latents === undefined && strength < 1)
    const image = isNeeded ? await encodePictures(vae, pixels, this.drawOptions(pixels)) : undefined
    this.noise = latents?.clone() ?? (await randnTensorAsync(noiseOf(batchSize), generator, { signal }))
    const masked = tf.tidy(() => pixels.mul<tf.Tensor4D>(tf.less(mask, 0.5).toFloat()))
    const options = this.drawOptions(masked)
    const rest = isOfUNet ? await encodePictures(vae, masked, options) : undefined
    // The draw alone: what comes after it is the same as in the reference.
    if (image?.isRandom && rest === undefined)
      await randnTensorAsync(noiseOf(masked.shape[0]), options.generator, { signal })
    this.imageLatents = image?.latents
    this.maskedImageLatents = rest?.latents
  }

  /** The pictures `[pictures, height, width, 3]` from -1 to 1, in the size of the result. */
  private preprocessPictures(): Promise<tf.Tensor4D> {
    const pictures = this.imageProcessor.with({ vaeScaleFactor: this.vae.spatialFactor, doConvertRgb: true })
    return pictures.preprocessAsync(this.image, this.preprocessing)
  }

  /** The masks `[masks, height, width, 1]` of 0 and 1, in the size of the result. */
  private preprocessMask(): Promise<tf.Tensor4D> {
    const masks = this.maskProcessor.with({ vaeScaleFactor: this.vae.spatialFactor })
    return masks.preprocessAsync(this.maskImage, this.preprocessing)
  }

  private get preprocessing() {
    const { cropsCoords: cropRegion } = this
    const resizeMode = cropRegion === undefined ? 'default' : 'fill'
    return { ...pictureSize(this.sizeSource), cropRegion, resizeMode, signal: this.context.signal } as const
  }

  /** The latents that were passed in place of pictures. */
  private get givenLatents(): tf.Tensor4D | undefined {
    const { image, vae } = this
    return image instanceof tf.Tensor && areLatents(image, vae) ? image : undefined
  }

  /** Where the size of the result comes from: that of latents is given. */
  private get sizeSource(): LatentSizeSource {
    const { givenLatents, unet, vae } = this
    if (givenLatents === undefined) return this
    const [, rows, columns] = givenLatents.shape
    const { height = rows * vae.spatialFactor, width = columns * vae.spatialFactor } = this
    return { unet, vae, height, width }
  }

  /** The part around the mask, if it is to be cut out. @throws InputTypeError for more than one picture or mask */
  private cropRegion(): [number, number, number, number] | undefined {
    const { paddingMaskCrop: padding } = this
    if (padding === undefined) return undefined
    for (const input of ['image', 'maskImage'] as const) {
      const value = this[input]
      const isTensor = value instanceof tf.Tensor
      if (!isTensor && [value].flat().length === 1) continue
      const [problem, advice] = isTensor
        ? ['paddingMaskCrop crops it, which needs an Image', 'an Image']
        : ['paddingMaskCrop crops it, which needs exactly one', 'one for all']
      const expected = `${problem}. Leave paddingMaskCrop out, or pass ${advice}`
      throw new InputTypeError({ path: this.context.path, input, expected, value })
    }
    const [mask] = [this.maskImage].flat() as [Image]
    return [...this.maskProcessor.getCropRegion(mask, { ...pictureSize(this), padding })]
  }

  /** How pictures are encoded: of a list of generators, only as many draw as there are pictures. */
  private drawOptions({ shape: [pictures] }: tf.Tensor4D): EncodePicturesOptions {
    const { generator } = this
    const drawing = Array.isArray(generator) ? generator.slice(0, pictures) : (generator as Generator)
    const scale = { statistics: this.appliesStatistics, shift: this.appliesShift }
    return { generator: drawing, scale, signal: this.context.signal }
  }

  /** Makes sure that tensors hold pixels or latents. @throws InputTypeError, also for latents of which the UNet needs the pixels, or of another size */
  private async requireTensors(): Promise<void> {
    const { image, maskImage, givenLatents } = this
    const { path } = this.context
    if (givenLatents) this.requireLatents(givenLatents)
    else {
      const otherwise = `Latents have ${this.vae.config.latentChannels} channels`
      await requirePixels(image, { path, input: 'image', channels: 3, otherwise })
    }
    await requirePixels(maskImage, { path, input: 'maskImage', channels: 1 })
  }

  private requireLatents(given: tf.Tensor4D): void {
    const { path } = this.context
    if (takesMask(this)) {
      const expected =
        'it has the channels of latents, and the UNet takes the pixels around the mask. Pass the picture itself'
      throw new InputTypeError({ path, input: 'image', expected, value: given })
    }
    const factor = this.vae.spatialFactor
    for (const [side, count] of [
      ['height', given.shape[1]],
      ['width', given.shape[2]],
    ] as const) {
      const pixels = this[side]
      if (pixels === undefined || pixels === count * factor) continue
      const expected = `the latents in \`image\` are for ${count * factor} pixels. Leave it out, or pass latents of that size`
      throw new InputTypeError({ path, input: side, expected, value: pixels })
    }
  }

  /** Makes sure that there is a picture and a mask for each result. @throws InputTypeError */
  private requireBatch(): void {
    const { image, maskImage, generator, batchSize } = this
    const { path } = this.context
    const [pictures, masks] = [countOfPictures(image), countOfPictures(maskImage)]
    requireShares(image, pictures, { path, input: 'image', batchSize })
    requireShares(maskImage, masks, { path, input: 'maskImage', batchSize })
    if (pictures > 1 && masks > 1 && pictures !== masks) {
      const expected = `there must be one mask for all of the ${pictures} pictures, or one for each`
      throw new InputTypeError({ path, input: 'maskImage', expected, value: maskImage })
    }
    if (Array.isArray(generator) && generator.length !== batchSize) {
      const expected = `there must be one for all of the ${batchSize} pictures, or one for each`
      throw new InputTypeError({ path, input: 'generator', expected, value: generator })
    }
  }

  /** The strength of a run whose caller names none. A declared default would be that of other tasks too. */
  protected get defaultStrength(): number {
    return 0.9999
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
