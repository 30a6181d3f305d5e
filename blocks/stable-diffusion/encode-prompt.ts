/** Turns words into the embeddings that condition the denoiser. Counterpart: StableDiffusionPipeline.encode_prompt of diffusers. */
import { z } from 'zod'
import type { tf } from '../../components'
import { Block, type In, Input, type Out, Output, type RunCost } from '../../src'
import { isWhole } from '../steps/call-size-of'
import { warnOfUnknownSize, warnOfUnknownWords, withoutLearnedWords } from '../steps/check-vocabulary'
import { TextsEncoder } from '../steps/encode-texts'
import { negativePromptsFor } from '../steps/negative-prompts'
import { textsSchema } from '../steps/schemas'
import { estimateTokens, plainTexts } from '../steps/weighted-prompts'
import { textEmbedder } from './embed-texts'
import { imageEmbedsOutputs } from './schemas'
import { stableDiffusion } from './stable-diffusion'
import { StableDiffusionTextStep } from './text-step'

/** Encodes the prompts, and the negative prompts if the guider compares with them. */
@Block({
  ...stableDiffusion,
  description: 'Encodes the prompt, and the negative prompt if the guider compares with it.',
})
export class EncodePrompt extends StableDiffusionTextStep {
  static override readonly className: string = 'EncodePrompt'

  /** What the picture should show: one text, or one for each picture. */
  @Input(textsSchema.describe('What the picture should show: one text, or one for each picture.'))
  override prompt!: In<string | string[], 'required'>

  @Output(imageEmbedsOutputs.promptEmbeds)
  promptEmbeds!: Out<tf.Tensor3D>

  @Output(imageEmbedsOutputs.negativePromptEmbeds)
  negativePromptEmbeds!: Out<tf.Tensor3D | undefined>

  @Output(z.int().describe('How many pictures the run makes.'))
  batchSize!: Out<number>

  override estimateCost(): RunCost {
    const { tokenizer, textEncoder, guider, prompt, negativePrompt, promptSyntax } = this
    const images = [this.prompt].flat().length * this.numImagesPerPrompt
    const texts = guider.numConditions > 1 ? [prompt, negativePrompt] : [prompt]
    const tokens = estimateTokens(tokenizer, promptSyntax, texts)
    const embeds = images * tokens * textEncoder.config.hiddenSize * Float32Array.BYTES_PER_ELEMENT
    return { images, tokens, memory: guider.numConditions > 1 ? 2 * embeds : embeds }
  }

  async run(): Promise<void> {
    const prompts = [this.prompt].flat()
    const { textEncoder, context, numImagesPerPrompt: times, textEncoderHooks: hooks } = this
    const { textModels, promptSyntax: syntax } = this
    const texts = new TextsEncoder(textModels, context, { syntax })
    texts.warnOfEmpty(prompts)
    const { vocabulary } = this.tokenizer
    if (vocabulary) {
      const plain = async (texts: string[]) =>
        withoutLearnedWords(await plainTexts(texts, syntax, context.signal), textModels.tokenizer)
      const negative = await plain([this.negativePrompt ?? []].flat())
      await warnOfUnknownWords(context, vocabulary, await plain(prompts), negative)
      const { size } = context.plan
      if (size !== undefined && isWhole(context.plan)) warnOfUnknownSize(context, vocabulary, size)
    }
    this.batchSize = prompts.length * times
    const embed = textEmbedder(textEncoder, { clipSkip: this.clipSkip, hooks }, context)
    const negativePrompts = negativePromptsFor(this, prompts.length, context)
    const chunks = negativePrompts && (await texts.countChunks('negative prompt', negativePrompts))
    const positive = await texts.encode('prompt', prompts, { times, chunks, embed })
    this.promptEmbeds = positive.embeds
    const negative =
      negativePrompts &&
      (await texts.encode('negative prompt', negativePrompts, {
        times: this.batchSize / negativePrompts.length,
        chunks: texts.chunksOf(positive.embeds),
        embed: textEmbedder(textEncoder, { hooks }, context),
      }))
    this.negativePromptEmbeds = negative?.embeds
  }
}
