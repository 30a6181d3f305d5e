/** A value does not fit what its declaration says. */
import { ModularError } from './modular-error'
import { kindOf, pathText } from './text'

/** What was given a value: an input of blocks, an option of a call, or an argument. */
export type GivenKind = 'input' | 'option' | 'argument'

/** What {@link InputTypeError} is made of. */
export interface InputTypeDetails {
  path: readonly string[]
  input: string
  /** What was given the value (default: `input`). */
  kind?: GivenKind
  /** What the declaration asks for, e.g. `string` or the issues that its schema reports. */
  expected: string
  value: unknown
}

/** An input, option or argument was given a value of another type, or one outside its bounds. */
export class InputTypeError extends ModularError {
  override readonly code = 'INPUT_TYPE'
  /** Name of the input, option or argument. */
  readonly input: string
  /** What it is. */
  readonly kind: GivenKind

  constructor({ path, input, kind = 'input', expected, value }: InputTypeDetails) {
    super(`${pathText(path)}: ${kind} "${input}" got ${kindOf(value)}; ${expected}.`, { path })
    this.input = input
    this.kind = kind
  }
}
