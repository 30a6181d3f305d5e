/** Embeds what a run compares with. Counterpart: StableDiffusionXLPipeline.encode_prompt of diffusers. */
import { tf } from '../../components'
import type { RunContext } from '../../src'
import { type NegativePromptSource, negativePromptsFor } from '../steps/negative-prompts'
import { hasText, textsFor } from '../steps/texts'
import type { PromptEmbeds, PromptsEncoder } from './prompts-encoder'

/** Where negative prompts come from. */
export interface NegativePrompts extends NegativePromptSource {
  readonly negativePrompt2: string | string[] | undefined
  /** Whether zeros take the place of the embeddings of a negative prompt that is missing. An empty one is encoded all the same. */
  readonly forceZerosForEmptyPrompt: boolean
}

/**
 * Returns the embeddings of the negative prompts, one for each prompt; `undefined` if the guider compares with none.
 *
 * @param embeds - those of the prompts
 * @throws InputTypeError for a list of another length; what encoding throws
 */
export async function negativeEmbedsFor(
  source: NegativePrompts,
  embeds: PromptEmbeds,
  encoder: PromptsEncoder,
  context: RunContext,
): Promise<PromptEmbeds | undefined> {
  const { negativePrompt, negativePrompt2, guider } = source
  const [count] = embeds.embeds.shape
  // A warning for both texts.
  const either = guider.numConditions <= 1 ? [negativePrompt ?? [], negativePrompt2 ?? []].flat() : negativePrompt
  const texts = negativePromptsFor({ guider, negativePrompt: either }, count, context)
  if (texts === undefined) return undefined
  if (negativePrompt === undefined && source.forceZerosForEmptyPrompt) {
    if (hasText(negativePrompt2)) {
      const problem =
        'negativePrompt2 is ignored: without negativePrompt, this model uses zeros as the negative embeddings.'
      context.warn('NEGATIVE_PROMPT_IGNORED', `${problem} Pass negativePrompt: '' too.`)
    }
    return { embeds: tf.zerosLike(embeds.embeds), pooled: tf.zerosLike(embeds.pooled) }
  }
  const texts2 = secondTexts('negativePrompt2', negativePrompt2, { texts, count, encoder, context })
  const chunks = encoder.chunksOf(embeds.embeds)
  return encoder.encode({ what: 'negative prompt', texts, texts2, count, chunks })
}

/** How many chunks of the text encoders the negative prompts take, if they are encoded. @throws InputTypeError for a text that cannot be read */
export async function negativeChunksFor(source: NegativePrompts, encoder: PromptsEncoder): Promise<number> {
  const { guider, negativePrompt, negativePrompt2, forceZerosForEmptyPrompt } = source
  const isEncoded = guider.numConditions > 1 && !(negativePrompt === undefined && forceZerosForEmptyPrompt)
  if (!isEncoded) return 1
  const texts = [negativePrompt ?? ''].flat()
  return encoder.countChunks('negative prompt', texts, [negativePrompt2 || texts].flat())
}

/** What {@link secondTexts} goes by. */
export interface SecondTextsOptions {
  /** The first texts. */
  readonly texts: readonly string[]
  /** How many prompts there are. */
  readonly count: number
  readonly encoder: PromptsEncoder
  readonly context: RunContext
}

/**
 * Returns the texts for the second text encoder: those that are given, or the first ones. An empty text counts as none. With a single text encoder, which gets the
 * first texts; others cause a warning.
 *
 * @throws InputTypeError for a list of another length
 */
export function secondTexts(
  input: 'prompt2' | 'negativePrompt2',
  value: string | string[] | undefined,
  { texts, count, encoder, context }: SecondTextsOptions,
): readonly string[] {
  if (value === undefined || value === '') return texts
  const given = textsFor(input, value, count, context.path)
  if (!encoder.isPair && hasText(value) && given.join('\n') !== texts.join('\n')) {
    context.warn(
      'PROMPT_2_IGNORED',
      `${input} is ignored: this model has only one text encoder, which reads ${input === 'prompt2' ? 'prompt' : 'negativePrompt'}.`,
    )
  }
  return given
}
