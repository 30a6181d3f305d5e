/** Texts that inputs hold: one for all prompts, or one for each. */
import { InputTypeError } from '../../src'

/** Returns whether any of the texts has a word. */
export function hasText(value: string | readonly string[] | undefined): boolean {
  return [value ?? []].flat().some(text => text.trim() !== '')
}

/**
 * Returns the texts of an input: one for all prompts, or one for each.
 *
 * @throws InputTypeError for a list of another length
 */
export function textsFor(
  input: string,
  value: string | readonly string[],
  count: number,
  path: readonly string[],
): readonly string[] {
  if (typeof value === 'string') return [value]
  if (value.length === count) return value
  const expected = `there must be one for each of the ${count} prompts, or one text for all`
  throw new InputTypeError({ path, input, expected, value })
}

/**
 * Refuses a text beside the embeddings that stand for it.
 *
 * @param values the inputs by name
 * @throws InputTypeError if both are given
 */
export function refuseBoth<T extends string, E extends string>(
  values: Readonly<Record<T | E, unknown>>,
  text: T,
  embeds: E,
  path: readonly string[],
): void {
  if (values[text] === undefined || values[embeds] === undefined) return
  const expected = `"${embeds}" is given too. Pass one of the two`
  throw new InputTypeError({ path, input: text, expected, value: values[text] })
}
