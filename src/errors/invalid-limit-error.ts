/** A limit that no run could keep to. */
import { ModularError } from './modular-error'
import { nearestName } from './nearest-name'
import { kindOf, nameList } from './text'

/** A limit has an unknown name, or a value that is not a positive number. */
export class InvalidLimitError extends ModularError {
  override readonly code = 'INVALID_LIMIT'

  constructor(
    /** Name of the limit. */
    readonly limit: string,
    value: unknown,
    known: readonly string[],
  ) {
    const nearest = nearestName(limit, known)
    super(
      known.includes(limit)
        ? `The limit "${limit}" got ${kindOf(value)}. Pass a number from 1 up, or leave it out for no limit.`
        : `"${limit}" is not a limit. ${nearest ? `Did you mean "${nearest}"?` : `The limits are ${nameList(known)}.`}`,
    )
  }
}
