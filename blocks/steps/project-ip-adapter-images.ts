/** Turns embeddings of pictures into the tokens that the denoiser looks at. Counterpart: MultiIPAdapterImageProjection of diffusers, which its UNet calls. */
import { Adapters, IP_ADAPTER, type IPAdapterSet, repeatRows, type tf } from '../../components'
import { Block, Component, type In, Input, InputTypeError, ModularPipelineBlocks, type Out, Output } from '../../src'
import { adaptersOptions } from './component-options'
import {
  ipAdapterEmbedsSchema,
  ipAdapterTokensSchema,
  noAdapter,
  noPictures,
  requireForEach,
} from './ip-adapter-images'
import { countSchema } from './schemas'
import { sharedStep } from './shared-step'

/** Projects the embeddings once for all steps, with a row for each picture of the run. Does nothing if there are no IP-Adapters. */
@Block({
  ...sharedStep,
  description: 'Turns the pictures that are shown beside the prompt into tokens for the denoiser.',
})
export class ProjectIPAdapterImages extends ModularPipelineBlocks {
  static override readonly className: string = 'ProjectIPAdapterImages'

  @Component(Adapters, adaptersOptions)
  adapters!: Adapters

  /** Embeddings of the pictures, for each IP-Adapter. */
  @Input(ipAdapterEmbedsSchema.optional().describe('Embeddings of the pictures, for each IP-Adapter.'))
  ipAdapterEmbeds!: In<tf.Tensor[] | undefined>

  /** What the guider compares with in their place. */
  @Input(ipAdapterEmbedsSchema.optional().describe('What the guider compares with in their place.'))
  negativeIpAdapterEmbeds!: In<tf.Tensor[] | undefined>

  /** How many pictures the run makes. */
  @Input(countSchema.describe('How many pictures the run makes.'))
  batchSize!: In<number, 'required'>

  @Output({
    schema: ipAdapterTokensSchema.optional(),
    kwargsType: 'denoiserInputFields',
    description: 'Tokens of the pictures, for each IP-Adapter.',
  })
  ipAdapterTokens!: Out<tf.Tensor[] | undefined>

  @Output({
    schema: ipAdapterTokensSchema.optional(),
    kwargsType: 'denoiserInputFields',
    description: 'Tokens that the guider compares with.',
  })
  negativeIpAdapterTokens!: Out<tf.Tensor[] | undefined>

  async run(): Promise<void> {
    const { ipAdapterEmbeds: embeds, negativeIpAdapterEmbeds: negative } = this
    const { path } = this.context
    const set = this.adapters.get<IPAdapterSet>(IP_ADAPTER)
    if (set === undefined) {
      if (embeds) throw noAdapter('ipAdapterEmbeds', embeds, path)
      this.ipAdapterTokens = undefined
      this.negativeIpAdapterTokens = undefined
      return
    }
    if (embeds === undefined) throw noPictures(path)
    this.ipAdapterTokens = await this.project(set, 'ipAdapterEmbeds', embeds)
    this.negativeIpAdapterTokens = negative && (await this.project(set, 'negativeIpAdapterEmbeds', negative))
  }

  /** `[images, pictures, tokens, channels]` for each adapter. @throws InputTypeError */
  private async project(set: IPAdapterSet, input: string, embeds: readonly tf.Tensor[]): Promise<tf.Tensor[]> {
    const { batchSize } = this
    const { path, signal } = this.context
    requireForEach(embeds, set.adapters.length, { path, input })
    const tokens: tf.Tensor[] = []
    for (const [i, { projection }] of set.adapters.entries()) {
      const value = embeds[i] as tf.Tensor // The lengths are equal.
      const { takes, imageEmbedDim } = projection
      const [rows = 0, pictures = 0, ...rest] = value.shape
      const rank = takes === 'embedding' ? 3 : 4
      if (value.rank !== rank || value.shape.at(-1) !== imageEmbedDim || batchSize % rows !== 0) {
        const shape = `[rows, pictures, ${takes === 'embedding' ? '' : 'tokens, '}${imageEmbedDim}]`
        const expected = `for IP-Adapter ${i + 1} it must be a tensor ${shape}, and the rows must divide the ${batchSize} images of the run`
        throw new InputTypeError({ path, input, expected, value })
      }
      const flat = await projection.call(value.reshape([rows * pictures, ...rest]), { signal })
      const perRow = flat.reshape([rows, pictures, ...flat.shape.slice(1)])
      tokens.push(await repeatRows(perRow, batchSize / rows, { signal }))
    }
    return tokens
  }
}
