/** A block touches a name that it does not declare. */
import { ModularError } from './modular-error'
import { nearestName } from './nearest-name'
import { nameList, pathText } from './text'

/** Inside `run()` or a loop step, `this` offers the declared names alone; a block instance never keeps what a run makes. */
export class UndeclaredParameterError extends ModularError {
  override readonly code = 'UNDECLARED_PARAMETER'

  constructor(
    path: readonly string[],
    /** The name that was read or written. */
    readonly parameter: string,
    declared: readonly string[],
    access: 'read' | 'written',
  ) {
    const nearest = nearestName(parameter, declared)
    super(
      `${pathText(path)}: "${parameter}" was ${access}, but the block does not declare it (declared: ${nameList(declared)}).` +
        `${nearest ? ` Did you mean "${nearest}"?` : ''} Declare it with @Input(), @Output(), @Component() or @Config(), or use a local variable.`,
      { path },
    )
  }
}
