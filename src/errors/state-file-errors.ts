/** States that cannot be written to a file, or read from it. */
import { ModularError } from './modular-error'
import { kindOf } from './text'

/** A value of a state is of no kind that can be saved, or can no longer be read. Nothing was written. */
export class UnsavableValueError extends ModularError {
  override readonly code = 'UNSAVABLE_VALUE'

  constructor(
    /** Where the value stands, e.g. `promptEmbeds` or `options.callback`. */
    readonly place: string,
    value: unknown,
    cause?: unknown,
  ) {
    const problem =
      cause === undefined
        ? `"${place}" is ${kindOf(value)}. A state can hold strings, numbers, booleans, lists, maps, plain objects, tensors, images, generators, ` +
          'and kinds that were registered with registerValueKind(). Remove the value from the state, or register its kind.'
        : `"${place}", ${kindOf(value)}, cannot be read: ${(cause as Error).message}`
    super(`The state cannot be saved: ${problem}`, { cause })
  }
}

/** A file holds no state, or one that this version does not understand. */
export class InvalidStateFileError extends ModularError {
  override readonly code = 'INVALID_STATE_FILE'

  constructor(
    /** The file that was read. */
    readonly file: string,
    problem: string,
    cause?: unknown,
  ) {
    super(`${file}: ${problem}`, { cause })
  }
}
