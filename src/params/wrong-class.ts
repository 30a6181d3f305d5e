/** Compares a component with the class that its spec asks for. */
import { ComponentTypeError } from '../errors/component-type-error'
import { kindOf } from '../errors/text'
import { classNameOf } from '../format/class-name'
import type { ComponentSpec } from './component-spec'

/** What is wrong with the class of a component; nothing, if it is what the spec asks for. */
export function wrongClass(
  { name, typeHint }: ComponentSpec,
  value: unknown,
  path: readonly string[],
): ComponentTypeError | undefined {
  if (typeHint === undefined) return undefined
  const isInstance =
    typeof value === 'object' &&
    value !== null &&
    Object.prototype.isPrototypeOf.call(typeHint.prototype as object, value)
  return isInstance
    ? undefined
    : new ComponentTypeError(path, name, `an instance of ${classNameOf(typeHint)}`, kindOf(value))
}
