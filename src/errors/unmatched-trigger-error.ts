/** A trigger that nothing in the tree could ever set. */
import { ModularError } from './modular-error'
import { nearestName } from './nearest-name'
import { nameList, pathText } from './text'

/** A branch waits for a name that no block declares as an input or an output, so it could never be chosen. */
export class UnmatchedTriggerError extends ModularError {
  override readonly code = 'UNMATCHED_TRIGGER'

  constructor(
    path: readonly string[],
    /** Name of the trigger. */
    readonly trigger: string,
    known: readonly string[],
  ) {
    const nearest = nearestName(trigger, known)
    super(
      `${pathText(path)}: no block declares the trigger "${trigger}" as an input or an output, so its branch can never be chosen ` +
        `(known: ${nameList(known)}).${nearest ? ` Did you mean "${nearest}"?` : ''}`,
      { path },
    )
  }
}
