/** A name is read from a state that does not hold it. */
import { ModularError } from './modular-error'
import { nearestName } from './nearest-name'
import { nameList } from './text'

/** A PipelineState or BlockState has no value of that name. */
export class UnknownValueError extends ModularError {
  override readonly code = 'UNKNOWN_VALUE'

  constructor(
    /** `PipelineState` or `BlockState`. */
    owner: string,
    /** The name that was asked for. */
    readonly value: string,
    known: readonly string[],
  ) {
    const nearest = nearestName(value, known)
    super(
      `${owner} has no value "${value}"; it holds ${nameList(known)}.${nearest ? ` Did you mean "${nearest}"?` : ''}`,
    )
  }
}
