/** Names of components that a method is given. */
import { InputTypeError } from '../errors/input-type-error'

/** The names that a method was given.
 * @throws InputTypeError for what is neither a name nor a list of names */
export function checkNames(names: string | readonly string[]): readonly string[] {
  const list: unknown = typeof names === 'string' ? [names] : names
  if (Array.isArray(list) && list.every(name => typeof name === 'string')) return list
  const expected = 'pass the name of a component, or a list of names'
  throw new InputTypeError({ path: [], input: 'names', kind: 'argument', expected, value: names })
}
