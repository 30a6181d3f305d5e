/** Names of learned concepts in prompts. Counterpart: TextualInversionLoaderMixin.maybe_convert_prompt of diffusers. */
import { escapeRegExp } from '../../src/format/escape-regexp'

/** Where the names of added tokens are known. */
export interface AddedTokens {
  /** Ids of the added tokens, by name. */
  readonly addedTokensEncoder: ReadonlyMap<string, number>
}

/**
 * Replaces each name of a concept that was learned as several vectors by the tokens of all of them: `<toy>` by `<toy> <toy>_1 <toy>_2`. A name
 * that the text itself follows by `<toy>_1` stays as it is.
 */
export function expandConcepts(text: string, { addedTokensEncoder: known }: AddedTokens): string {
  const names = [...known.keys()].filter(name => text.includes(name)).sort((a, b) => b.length - a.length)
  if (!names.some(name => known.has(`${name}_1`))) return text
  // The longest first: the name of a concept begins the names of its other vectors.
  const anyName = new RegExp(names.map(escapeRegExp).join('|'), 'g')
  return text.replace(anyName, (name, at: number) => {
    const isSpelledOut = text
      .slice(at + name.length)
      .trimStart()
      .startsWith(`${name}_1`)
    return isSpelledOut ? name : vectorsOf(name, known).join(' ')
  })
}

function vectorsOf(name: string, known: ReadonlyMap<string, number>): string[] {
  const vectors = [name]
  while (known.has(`${name}_${vectors.length}`)) vectors.push(`${name}_${vectors.length}`)
  return vectors
}
