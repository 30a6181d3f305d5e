/** Components that do not work together. */
import { ModularError } from './modular-error'
import { nameList, pathText } from './text'

/** Two components of a pipeline are of models that do not fit each other, or that these blocks do not serve. */
export class IncompatibleComponentsError extends ModularError {
  override readonly code = 'INCOMPATIBLE_COMPONENTS'

  constructor(
    path: readonly string[],
    /** Names of the components. */
    readonly components: readonly string[],
    problem: string,
  ) {
    super(`${pathText(path)}: the components ${nameList(components)} are incompatible: ${problem}`, { path })
  }
}
