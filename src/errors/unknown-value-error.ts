/** Something is asked for by a name that nothing has. */
import { ModularError } from './modular-error'
import { nearestName } from './nearest-name'
import { nameList } from './text'

/** A state has no value, or a pipeline no component, of that name. */
export class UnknownValueError extends ModularError {
  override readonly code = 'UNKNOWN_VALUE'

  constructor(
    /** Who was asked, e.g. `PipelineState`. */
    owner: string,
    /** The name that was asked for. */
    readonly value: string,
    known: readonly string[],
    /** What the name stands for. */
    what = 'value',
  ) {
    const nearest = nearestName(value, known)
    const hint = nearest ? ` Did you mean "${nearest}"?` : ''
    super(`${owner} has no ${what} "${value}"; it has ${nameList(known)}.${hint}`)
  }
}
