/** A decorator that says something impossible. */
import { ModularError } from './modular-error'

/** A declaration of one class is wrong by itself: found when the class is defined, before any pipeline exists. */
export class DeclarationError extends ModularError {
  override readonly code = 'DECLARATION'

  constructor(className: string, field: string, problem: string) {
    super(`${className}.${field}: ${problem}`)
  }
}
