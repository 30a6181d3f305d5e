/** Warns of prompts and sizes that a model was not trained on, if its vocabulary lists what it was trained on. */
import type { AddedTokens, PromptCheck, PromptVocabulary, UnknownWord } from '../../components'
import { nameList, type RunContext, runInSlices } from '../../src'

/** Words that a warning lists. */
const MOST_WORDS = 10

/** Warns once of all words that a model does not know, and once of prompts with too many names. @throws the reason of the context's signal */
export async function warnOfUnknownWords(
  context: RunContext,
  vocabulary: PromptVocabulary,
  prompts: readonly string[],
  negativePrompts: readonly string[] = [],
): Promise<void> {
  const { signal } = context
  const checked = await runInSlices(checkEach(vocabulary, new Set(prompts)), signal)
  const negative = await runInSlices(checkEach(vocabulary, new Set(negativePrompts)), signal)
  const unknown = new Map<string, UnknownWord>()
  for (const each of [...checked, ...negative].flatMap(check => check.unknown)) unknown.set(each.word, each)
  if (unknown.size > 0) {
    const words = [...unknown.values()].slice(0, MOST_WORDS).map(describeWord)
    const more = unknown.size > MOST_WORDS ? `, and ${unknown.size - MOST_WORDS} more` : ''
    context.warn(
      'UNKNOWN_WORDS',
      `The model was not trained on ${words.join(', ')}${more}: the picture may show something else. ` +
        'To list what it was trained on, use `tokenizer.vocabulary`, or --list-words on the command line.',
    )
  }
  const { maxNames } = vocabulary
  const crowded = maxNames === undefined ? undefined : checked.find(({ names }) => names.length > maxNames)
  if (crowded !== undefined) {
    const trained = maxNames === 1 ? 'one name' : `${maxNames} names`
    context.warn(
      'TOO_MANY_NAMES',
      `The model was trained on prompts with ${trained}, but this one has ${nameList(crowded.names.slice(0, MOST_WORDS))}: ` +
        'the picture may show a mixture.',
    )
  }
}

/** Returns the texts without the words that were taught later: tokens that were added to the vocabulary, by adapters or in the files of the model. */
export function withoutLearnedWords(texts: readonly string[], { addedTokensEncoder }: AddedTokens): string[] {
  const words = [...addedTokensEncoder.keys()]
  // The longest first: words may begin others.
  words.sort((a, b) => b.length - a.length)
  return texts.map(text => words.reduce((rest, word) => rest.replaceAll(word, ' '), text))
}

/** Warns of a size that is not among those that the model was trained on. */
export function warnOfUnknownSize(
  context: RunContext,
  vocabulary: PromptVocabulary,
  { width, height }: { width: number; height: number },
): void {
  if (vocabulary.knowsSize(width, height)) return
  const sizes = vocabulary.sizes.slice(0, MOST_WORDS).map(([w, h]) => `${w}×${h}`)
  const more = vocabulary.sizes.length > MOST_WORDS ? ', …' : ''
  context.warn(
    'UNKNOWN_SIZE',
    `The model was trained on pictures of ${sizes.join(', ')}${more} pixels: one of ${width}×${height} may look wrong.`,
  )
}

function* checkEach(vocabulary: PromptVocabulary, prompts: Iterable<string>): Generator<void, PromptCheck[], void> {
  const checks: PromptCheck[] = []
  for (const prompt of prompts) {
    checks.push(vocabulary.check(prompt))
    yield
  }
  return checks
}

function describeWord({ word, nearest }: UnknownWord): string {
  return nearest.length > 0 ? `"${word}" (nearest: ${nameList(nearest)})` : `"${word}"`
}
