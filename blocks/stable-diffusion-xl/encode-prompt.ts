/** Turns words into the embeddings that condition the denoiser. Counterpart: StableDiffusionXLTextEncoderStep of diffusers. */
import type { tf } from '../../components'
import { Block, type In, Input, type Out, Output, type RunCost } from '../../src'
import { warnOfUnknownWords, withoutLearnedWords } from '../steps/check-vocabulary'
import { textsSchema } from '../steps/schemas'
import { estimateTokens, plainTexts } from '../steps/weighted-prompts'
import { negativeChunksFor } from './negative-embeds'
import { PromptsEncoder } from './prompts-encoder'
import { embedsOutputs } from './schemas'
import { stableDiffusionXL } from './stable-diffusion-xl'
import { StableDiffusionXLTextStep } from './text-step'

/** Encodes the prompts with both text encoders, and the negative prompts if the guider compares with them. */
@Block({
  ...stableDiffusionXL,
  description: 'Encodes the prompt with both text encoders, and the negative prompt if the guider compares with it.',
})
export class StableDiffusionXLEncodePrompt extends StableDiffusionXLTextStep {
  static override readonly className: string = 'StableDiffusionXLEncodePrompt'

  /** What the picture should show: one text, or one for each picture. */
  @Input(textsSchema.describe('What the picture should show: one text, or one for each picture.'))
  override prompt!: In<string | string[], 'required'>

  @Output(embedsOutputs.promptEmbeds)
  promptEmbeds!: Out<tf.Tensor3D>

  @Output(embedsOutputs.negativePromptEmbeds)
  negativePromptEmbeds!: Out<tf.Tensor3D | undefined>

  @Output(embedsOutputs.pooledPromptEmbeds)
  pooledPromptEmbeds!: Out<tf.Tensor2D>

  @Output(embedsOutputs.negativePooledPromptEmbeds)
  negativePooledPromptEmbeds!: Out<tf.Tensor2D | undefined>

  override estimateCost(): RunCost {
    const { textEncoder, textEncoder2, tokenizer2, guider, promptSyntax } = this
    const prompts = [this.prompt].flat().length
    const channels = (textEncoder?.config.hiddenSize ?? 0) + textEncoder2.config.hiddenSize
    const negative = guider.numConditions > 1 ? [this.negativePrompt, this.negativePrompt2] : []
    const tokens = estimateTokens(tokenizer2, promptSyntax, [this.prompt, this.prompt2, ...negative])
    const embeds = prompts * tokens * channels * Float32Array.BYTES_PER_ELEMENT
    const memory = guider.numConditions > 1 ? 2 * embeds : embeds
    return { images: prompts * this.numImagesPerPrompt, tokens, memory }
  }

  async run(): Promise<void> {
    const { context, prompt2, negativePrompt, negativePrompt2 } = this
    const texts = [this.prompt].flat()
    const encoder = new PromptsEncoder(this, context)
    const { vocabulary } = this.tokenizer2
    if (vocabulary) {
      const others = [prompt2 ?? [], negativePrompt ?? [], negativePrompt2 ?? []].flat()
      const known = this.adapters.tokenizerFor('textEncoder2', this.tokenizer2)
      const plain = async (list: string[]) =>
        withoutLearnedWords(await plainTexts(list, this.promptSyntax, context.signal), known)
      await warnOfUnknownWords(context, vocabulary, await plain(texts), await plain(others))
    }
    this.batchSize = texts.length * this.numImagesPerPrompt
    const embeds = await this.encodeTexts(texts, await negativeChunksFor(this, encoder), encoder)
    this.promptEmbeds = embeds.embeds
    this.pooledPromptEmbeds = embeds.pooled
    const negative = await this.encodeNegativeTexts(embeds, encoder)
    this.negativePromptEmbeds = negative?.embeds
    this.negativePooledPromptEmbeds = negative?.pooled
  }
}
