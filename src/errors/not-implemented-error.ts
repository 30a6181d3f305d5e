/** An abstract part of a block that its subclass leaves open. */
import { ModularError } from './modular-error'
import { pathText } from './text'

/** A block lacks a method or property that its kind needs. */
export class NotImplementedError extends ModularError {
  override readonly code = 'NOT_IMPLEMENTED'

  constructor(className: string, member: string, advice: string, path?: readonly string[]) {
    const where = path === undefined ? '' : `${pathText(path)}: `
    super(`${where}${className} does not implement ${member}: ${advice}`, path && { path })
  }
}
