/** An abstract part of a block that its subclass leaves open. */
import { ModularError } from './modular-error'

/** A block lacks a method or property that its kind needs. */
export class NotImplementedError extends ModularError {
  override readonly code = 'NOT_IMPLEMENTED'

  constructor(className: string, member: string, advice: string) {
    super(`${className} does not implement ${member}: ${advice}`)
  }
}
