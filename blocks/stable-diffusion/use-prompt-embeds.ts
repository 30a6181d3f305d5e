/** Takes embeddings in place of a prompt. Counterpart: the inputs prompt_embeds and negative_prompt_embeds of StableDiffusionPipeline in diffusers. */
import { z } from 'zod'
import { repeatRows, tensor, type tf } from '../../components'
import { Block, type InOut, Input, InputTypeError, MissingInputError, type Out, Output, type RunCost } from '../../src'
import { TextsEncoder } from '../steps/encode-texts'
import { negativePromptsFor, warnOfNoComparison } from '../steps/negative-prompts'
import type { PromptName } from '../steps/text-chunks'
import { refuseBoth } from '../steps/texts'
import { textEmbedder } from './embed-texts'
import { imageEmbedsOutputs } from './schemas'
import { stableDiffusion } from './stable-diffusion'
import { StableDiffusionTextStep } from './text-step'

/** Embeddings of texts that a caller passes `[prompts, tokens, channels]`. */
const givenSchema = tensor('prompts tokens channels')

/**
 * Repeats embeddings for the pictures of each prompt. What is not given as embeddings is encoded: the negative prompt beside `promptEmbeds`, or the prompt beside
 * `negativePromptEmbeds`.
 */
@Block({ ...stableDiffusion, description: 'Takes the embeddings of prompts in place of the prompts.' })
export class UsePromptEmbeds extends StableDiffusionTextStep {
  static override readonly className: string = 'UsePromptEmbeds'

  /** Embeddings of the prompts `[prompts, tokens, channels]`, in place of `prompt`. */
  @Input(
    givenSchema.optional().describe('Embeddings of the prompts `[prompts, tokens, channels]`, in place of `prompt`.'),
  )
  @Output(imageEmbedsOutputs.promptEmbeds)
  promptEmbeds!: InOut<tf.Tensor3D | undefined>

  /** Embeddings of the negative prompts, of the shape of those of the prompts, in place of `negativePrompt`. */
  @Input(
    givenSchema
      .optional()
      .describe(
        'Embeddings of the negative prompts, of the shape of those of the prompts, in place of `negativePrompt`.',
      ),
  )
  @Output(imageEmbedsOutputs.negativePromptEmbeds)
  negativePromptEmbeds!: InOut<tf.Tensor3D | undefined>

  @Output(z.int().describe('How many pictures the run makes.'))
  batchSize!: Out<number>

  override estimateCost(): RunCost {
    const { promptEmbeds, prompt, numImagesPerPrompt } = this
    return {
      images: (promptEmbeds?.shape[0] ?? [prompt ?? []].flat().length) * numImagesPerPrompt,
      tokens: promptEmbeds?.shape[1],
    }
  }

  async run(): Promise<void> {
    const { promptEmbeds, negativePromptEmbeds, numImagesPerPrompt: times } = this
    const { context } = this
    refuseBoth(this, 'prompt', 'promptEmbeds', context.path)
    refuseBoth(this, 'negativePrompt', 'negativePromptEmbeds', context.path)
    const texts = new TextsEncoder(this.textModels, context, { syntax: this.promptSyntax })
    const prompts = [this.prompt ?? []].flat()
    const embeds =
      promptEmbeds ??
      (await this.encode(texts, 'prompt', this.requirePrompts(prompts), {
        times: 1,
        clipSkip: this.clipSkip,
        chunks: negativePromptEmbeds && texts.chunksOf(negativePromptEmbeds),
      }))
    const [count] = embeds.shape
    this.batchSize = count * times
    this.promptEmbeds = await repeatRows(embeds, times, context)
    if (negativePromptEmbeds !== undefined && this.guider.numConditions <= 1) warnOfNoComparison(context)
    this.negativePromptEmbeds = await this.negativeEmbeds(embeds, texts)
  }

  private async negativeEmbeds(embeds: tf.Tensor3D, texts: TextsEncoder): Promise<tf.Tensor3D | undefined> {
    const { negativePromptEmbeds: given, batchSize, numImagesPerPrompt: times, context } = this
    const negativePrompts = negativePromptsFor(this, embeds.shape[0], context)
    if (negativePrompts === undefined) return undefined
    if (given === undefined) {
      const options = { times: batchSize / negativePrompts.length, chunks: texts.chunksOf(embeds) }
      const encoded = await this.encode(texts, 'negative prompt', negativePrompts, options)
      if (encoded.shape[1] === embeds.shape[1]) return encoded
      const expected = `the negative prompt makes ${encoded.shape[1]} tokens. Pass as many, or negativePromptEmbeds too`
      throw new InputTypeError({ path: context.path, input: 'promptEmbeds', expected, value: embeds })
    }
    if (given.shape.join() !== embeds.shape.join()) {
      const expected = `its shape must be that of promptEmbeds, [${embeds.shape.join(', ')}]`
      throw new InputTypeError({ path: context.path, input: 'negativePromptEmbeds', expected, value: given })
    }
    return repeatRows(given, times, context)
  }

  private async encode(
    texts: TextsEncoder,
    what: PromptName,
    prompts: readonly string[],
    { times, chunks, clipSkip }: { times: number; chunks: number | undefined; clipSkip?: number | undefined },
  ): Promise<tf.Tensor3D> {
    const embed = textEmbedder(this.textEncoder, { clipSkip, hooks: this.textEncoderHooks }, this.context)
    return (await texts.encode(what, prompts, { times, chunks, embed })).embeds
  }

  private requirePrompts(prompts: readonly string[]): readonly string[] {
    if (prompts.length > 0) return prompts
    throw new MissingInputError({ path: this.context.path, input: 'prompt', available: ['negativePromptEmbeds'] })
  }
}
