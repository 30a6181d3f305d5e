/** A composite block that contradicts itself. */
import { ModularError } from './modular-error'

/** The lists, names or settings of a composite block do not fit together. */
export class CompositionError extends ModularError {
  override readonly code = 'COMPOSITION'

  constructor(className: string, problem: string) {
    super(`${className}: ${problem}`)
  }
}
