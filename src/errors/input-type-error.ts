/** A value does not fit what its declaration says. */
import { ModularError } from './modular-error'
import { kindOf, pathText } from './text'

/** What {@link InputTypeError} is made of. */
export interface InputTypeDetails {
  path: readonly string[]
  input: string
  /** What the declaration asks for, e.g. `string` or the issues that its schema reports. */
  expected: string
  value: unknown
}

/** An input was given a value of another type, or one outside its bounds. */
export class InputTypeError extends ModularError {
  override readonly code = 'INPUT_TYPE'
  /** Name of the input. */
  readonly input: string

  constructor({ path, input, expected, value }: InputTypeDetails) {
    super(`${pathText(path)}: input "${input}" got ${kindOf(value)}; ${expected}.`, { path })
    this.input = input
  }
}
