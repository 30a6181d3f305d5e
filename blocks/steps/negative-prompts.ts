/** The texts that a run compares with. */
import { type BaseGuidance } from '../../components'
import { type RunContext } from '../../src'
import { hasText, textsFor } from './texts'

/** Where negative prompts come from. */
export interface NegativePromptSource {
  readonly guider: BaseGuidance
  readonly negativePrompt: string | string[] | undefined
}

/**
 * Returns one text for all prompts, or one for each; `undefined` if the guider compares with none; a warning names texts that it ignores.
 *
 * @throws InputTypeError for a list of another length
 */
export function negativePromptsFor(
  { guider, negativePrompt }: NegativePromptSource,
  count: number,
  context: RunContext,
): readonly string[] | undefined {
  if (guider.numConditions > 1) return textsFor('negativePrompt', negativePrompt ?? '', count, context.path)
  if (hasText(negativePrompt)) warnOfNoComparison(context)
  return undefined
}

/** Warns that what the run was to compare with is ignored. */
export function warnOfNoComparison(context: RunContext): void {
  context.warn(
    'NEGATIVE_PROMPT_IGNORED',
    'The negative prompt is ignored: this run predicts no noise for it. Use a guider that does, with a guidanceScale above 1.',
  )
}
