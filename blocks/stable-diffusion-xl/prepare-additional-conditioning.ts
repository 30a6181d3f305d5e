/** Tells the UNet sizes and crops. Counterpart: StableDiffusionXLPrepareAdditionalConditioningStep of diffusers. */
import { Autoencoder, CLIPTextModel, type tf, UNet2DConditionModel } from '../../components'
import { Block, Component, type In, Input, ModularPipelineBlocks, type Out, Output, type RunCost } from '../../src'
import { unetOptions, vaeOptions } from '../steps/component-options'
import { countSchema, embedsSchema, latentsSchema } from '../steps/schemas'
import { offsetSchema, pooledEmbedsSchema, sizeSchema, timeIdsSchema } from './schemas'
import { stableDiffusionXL } from './stable-diffusion-xl'
import { firstTextEncoder } from './text-inputs'
import { type Pair, requireConditioning, timeIdsTensor } from './time-ids'

/** The additional conditions of the UNet, for the prompt and for the negative prompt. */
export interface TimeIds {
  readonly ids: readonly number[]
  readonly negativeIds: readonly number[]
}

/** Makes the time ids of text to image. As in the reference, the negative sizes count only if both are given. */
@Block({ ...stableDiffusionXL, description: 'Prepares the conditions on sizes and crops.' })
export class StableDiffusionXLPrepareAdditionalConditioning extends ModularPipelineBlocks {
  static override readonly className: string = 'StableDiffusionXLPrepareAdditionalConditioning'

  @Component(UNet2DConditionModel, unetOptions)
  unet!: UNet2DConditionModel

  @Component(Autoencoder, vaeOptions)
  vae!: Autoencoder

  @Component(CLIPTextModel, firstTextEncoder)
  textEncoder!: CLIPTextModel | undefined

  /** Height and width in pixels of the picture that the result is to look like a copy of; by default those of the result. Small ones give blurred pictures. */
  @Input(
    sizeSchema
      .optional()
      .describe(
        'Height and width in pixels of the picture that the result is to look like a copy of; by default those of the result. Small ones give blurred pictures.',
      ),
  )
  originalSize!: In<[number, number] | undefined>

  /** Height and width in pixels that the picture is meant for; by default those of the result. */
  @Input(
    sizeSchema
      .optional()
      .describe('Height and width in pixels that the picture is meant for; by default those of the result.'),
  )
  targetSize!: In<[number, number] | undefined>

  /** Top and left in pixels of what the result shows of a larger picture. */
  @Input(offsetSchema.default([0, 0]).describe('Top and left in pixels of what the result shows of a larger picture.'))
  cropsCoordsTopLeft!: In<[number, number]>

  /** As `originalSize`, for the negative prompt; by default the same. */
  @Input(sizeSchema.optional().describe('As `originalSize`, for the negative prompt; by default the same.'))
  negativeOriginalSize!: In<[number, number] | undefined>

  /** As `targetSize`, for the negative prompt; by default the same. */
  @Input(sizeSchema.optional().describe('As `targetSize`, for the negative prompt; by default the same.'))
  negativeTargetSize!: In<[number, number] | undefined>

  /** As `cropsCoordsTopLeft`, for the negative prompt. */
  @Input(offsetSchema.default([0, 0]).describe('As `cropsCoordsTopLeft`, for the negative prompt.'))
  negativeCropsCoordsTopLeft!: In<[number, number]>

  @Input(latentsSchema.describe('Noisy latents, whose size is that of the result.'))
  latents!: In<tf.Tensor4D>

  @Input(embedsSchema.describe('The encoded prompts, one for each picture.'))
  promptEmbeds!: In<tf.Tensor3D>

  @Input(pooledEmbedsSchema.describe('The prompts, each encoded as a whole, one for each picture.'))
  pooledPromptEmbeds!: In<tf.Tensor2D>

  /** How many pictures to make. */
  @Input(countSchema.describe('How many pictures to make.'))
  batchSize!: In<number>

  @Output({
    schema: timeIdsSchema,
    kwargsType: 'denoiserInputFields',
    description: 'Sizes and crops for each picture.',
  })
  addTimeIds!: Out<tf.Tensor2D>

  @Output({
    schema: timeIdsSchema,
    kwargsType: 'denoiserInputFields',
    description: 'Sizes and crops for each picture, for the negative prompt.',
  })
  negativeAddTimeIds!: Out<tf.Tensor2D>

  override estimateCost(): RunCost {
    return { widths: { timeIds: this.timeIdCount } }
  }

  run(): void {
    const { batchSize, promptEmbeds, pooledPromptEmbeds } = this
    const { ids, negativeIds } = this.timeIds()
    const widths = { embeds: promptEmbeds.shape[2], pooled: pooledPromptEmbeds.shape[1], timeIds: ids.length }
    requireConditioning(this, widths, this.context.path, missing => this.advise(missing))
    this.addTimeIds = timeIdsTensor(ids, batchSize)
    this.negativeAddTimeIds = timeIdsTensor(negativeIds, batchSize)
  }

  /** The number of additional conditions. */
  protected get timeIdCount(): number {
    return 6
  }

  /** Returns the additional conditions. */
  protected timeIds(): TimeIds {
    const { originalSize, targetSize, cropsCoordsTopLeft, negativeCropsCoordsTopLeft, size } = this
    const { negativeOriginalSize, negativeTargetSize, context } = this
    const ids = [...(originalSize ?? size), ...cropsCoordsTopLeft, ...(targetSize ?? size)]
    if (negativeOriginalSize && negativeTargetSize) {
      return { ids, negativeIds: [...negativeOriginalSize, ...negativeCropsCoordsTopLeft, ...negativeTargetSize] }
    }
    const crop = negativeCropsCoordsTopLeft.some(value => value !== 0)
    if (negativeOriginalSize || negativeTargetSize || crop) {
      const problem =
        'The sizes and crops for the negative prompt are ignored: negativeOriginalSize and negativeTargetSize take effect only together.'
      context.warn('NEGATIVE_SIZES_IGNORED', `${problem} Pass both.`)
    }
    return { ids, negativeIds: ids }
  }

  /** Height and width of the result in pixels. */
  protected get size(): Pair {
    const [, height, width] = this.latents.shape
    const factor = this.vae.spatialFactor
    return [height * factor, width * factor]
  }

  /** Returns what to do if the UNet expects other numbers; `undefined` if it is not known. */
  protected advise(missing: number): string | undefined {
    if (missing !== -1) return undefined
    return 'It was trained with aesthetic scores, as a refiner is. Pass "image" to continue with a picture, or load a base model.'
  }
}
