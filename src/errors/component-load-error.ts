/** Components that could not be loaded. */
import { ModularError } from './modular-error'
import { shownLines } from './text'

/** One or more components failed to load; `failures` maps their names to the causes. Those that loaded are registered. */
export class ComponentLoadError extends ModularError {
  override readonly code = 'COMPONENT_LOAD'

  constructor(
    /** Name of each component that failed, and why. */
    readonly failures: ReadonlyMap<string, unknown>,
    source: string,
    path?: readonly string[],
  ) {
    const lines = [...failures].map(
      ([name, cause]) => `  ${name}: ${cause instanceof Error ? cause.message : String(cause)}`,
    )
    super(`From ${source}, ${failures.size} component(s) could not be loaded:\n${shownLines(lines).join('\n')}`, {
      cause: [...failures.values()][0],
      ...(path && { path }),
    })
  }
}
