/** A folder holds a component of another class. */
import { ModularError } from '../../src/errors/modular-error'

/** The class that a config or a pipeline's index names is not the one that is being loaded. */
export class ComponentClassError extends ModularError {
  override readonly code = 'COMPONENT_CLASS'

  constructor(
    /** The class that is being loaded. */
    readonly expected: string,
    /** The class that is named. */
    readonly got: string,
    /** Where it is named. */
    readonly source: string,
    /** Why it cannot be loaded all the same, where that was tried. */
    cause?: unknown,
  ) {
    const reason = cause instanceof Error ? `\n${cause.message}` : ''
    super(`${source} names the class ${got}, which ${expected} cannot load: use ${got}, or another folder.${reason}`, {
      cause,
    })
  }
}
