/** Encodes the pictures that are shown beside the prompt. Counterpart: StableDiffusionXLIPAdapterStep of diffusers. */
import {
  Adapters,
  BaseGuidance,
  CLIPImageProcessor,
  CLIPVisionModelWithProjection,
  type Image,
  IP_ADAPTER,
  IPAdapterError,
  type IPAdapterSet,
  tf,
} from '../../components'
import { Block, Component, type In, Input, ModularPipelineBlocks, type Out, Output, type RunCost } from '../../src'
import { adaptersOptions, featureExtractorOptions, imageEncoderOptions } from './component-options'
import { guiderOptions } from './guider-options'
import {
  type IPAdapterImages,
  ipAdapterEmbedsSchema,
  ipAdapterImageSchema,
  noAdapter,
  requireForEach,
} from './ip-adapter-images'
import { ipAdapterWidths } from './ip-adapter-plan'
import { sharedStep } from './shared-step'

/**
 * Embeds the pictures of each IP-Adapter as it was trained with: by the embedding of each picture, or by the last hidden states but one. What the guider
 * compares with are zeros in place of embeddings, and the states of a picture of the mean colour in place of states.
 */
@Block({ ...sharedStep, description: 'Encodes the pictures that are shown beside the prompt.' })
export class EncodeIPAdapterImage extends ModularPipelineBlocks {
  static override readonly className: string = 'EncodeIPAdapterImage'

  @Component(CLIPVisionModelWithProjection, imageEncoderOptions)
  imageEncoder!: CLIPVisionModelWithProjection | undefined

  @Component(CLIPImageProcessor, featureExtractorOptions)
  featureExtractor!: CLIPImageProcessor | undefined

  @Component(Adapters, adaptersOptions)
  adapters!: Adapters

  @Component(BaseGuidance, guiderOptions)
  guider!: BaseGuidance

  /** The picture to show beside the prompt: one, or a list with one for each IP-Adapter, in which a list holds several for one of them: [[a, b]]. */
  @Input(ipAdapterImageSchema)
  ipAdapterImage!: In<IPAdapterImages, 'required'>

  @Output({ schema: ipAdapterEmbedsSchema, description: 'Embeddings of the pictures, for each IP-Adapter.' })
  ipAdapterEmbeds!: Out<tf.Tensor[]>

  @Output({ schema: ipAdapterEmbedsSchema.optional(), description: 'What the guider compares with in their place.' })
  negativeIpAdapterEmbeds!: Out<tf.Tensor[] | undefined>

  override estimateCost(): RunCost {
    return { widths: ipAdapterWidths([this.ipAdapterImage].flat().map(each => [each].flat().length)) }
  }

  async run(): Promise<void> {
    const { path } = this.context
    const images = [this.ipAdapterImage].flat() as (Image | Image[])[]
    const set = this.adapters.get<IPAdapterSet>(IP_ADAPTER)
    if (set === undefined) throw noAdapter('ipAdapterImage', this.ipAdapterImage, path)
    requireForEach(images, set.adapters.length, { path, input: 'ipAdapterImage' })
    const encoder = this.encoderOf(set)
    const compares = this.guider.numConditions > 1
    const embeds: tf.Tensor[] = []
    const negative: tf.Tensor[] = []
    for (const [i, pictures] of images.entries()) {
      const { file, projection } = set.adapters[i] as IPAdapterSet['adapters'][number] // The lengths are equal.
      const { config } = encoder
      const channels = projection.takes === 'embedding' ? config.projectionDim : config.hiddenSize
      if (channels !== projection.imageEmbedDim) {
        const made = `It was made for an image encoder whose ${projection.takes === 'embedding' ? 'embeddings' : 'hidden states'} have ${projection.imageEmbedDim} channels`
        throw new IPAdapterError(
          file,
          `${made}, but those of this one have ${channels}. Load the encoder that comes with it.`,
        )
      }
      const pixels = await this.extractorFor(encoder).preprocess(pictures, this.context)
      embeds.push(await this.encode(encoder, pixels, projection.takes))
      if (!compares) continue
      const zeros = tf.zerosLike(projection.takes === 'embedding' ? (embeds[i] as tf.Tensor) : pixels)
      negative.push(
        projection.takes === 'embedding' ? zeros : await this.encode(encoder, zeros as tf.Tensor4D, 'hiddenStates'),
      )
    }
    this.ipAdapterEmbeds = embeds
    this.negativeIpAdapterEmbeds = compares ? negative : undefined
  }

  /** `[1, pictures, channels]`, or `[1, pictures, tokens, channels]` for hidden states. */
  private async encode(
    encoder: CLIPVisionModelWithProjection,
    pixelValues: tf.Tensor4D,
    what: 'embedding' | 'hiddenStates',
  ): Promise<tf.Tensor> {
    const outputHiddenStates = what === 'hiddenStates'
    const { signal } = this.context
    const { imageEmbeds, hiddenStates } = await encoder.call({ pixelValues, outputHiddenStates }, { signal })
    return (outputHiddenStates ? (hiddenStates.at(-2) as tf.Tensor) : imageEmbeds).expandDims(0) // There are two at least.
  }

  /** @throws IPAdapterError if none exists */
  private encoderOf(set: IPAdapterSet): CLIPVisionModelWithProjection {
    const encoder = this.imageEncoder ?? set.imageEncoder
    if (encoder) return encoder
    const problem =
      'There is no image encoder for it. Load it with its imageEncoderFolder, or pass ipAdapterImageEmbeds in place of pictures.'
    throw new IPAdapterError(set.adapters.map(({ file }) => file).join(', '), problem)
  }

  private extractorFor({ config: { imageSize } }: CLIPVisionModelWithProjection): CLIPImageProcessor {
    return this.featureExtractor ?? new CLIPImageProcessor({ size: imageSize, cropSize: imageSize })
  }
}
