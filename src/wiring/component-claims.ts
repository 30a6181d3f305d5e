/** Who asks for a component as what: two blocks that both run must be served by one object. */

import { ComponentTypeError } from '../errors/component-type-error'
import type { ComponentSpec } from '../params/component-spec'

interface Claim {
  readonly spec: ComponentSpec
  readonly path: readonly string[]
}

/** The claims of the blocks that were looked at so far. */
export class ComponentClaims {
  private readonly claims = new Map<string, Claim[]>()

  /** Records a claim; the error for one that contradicts an earlier one. */
  add(spec: ComponentSpec, path: readonly string[]): ComponentTypeError | undefined {
    const others = this.claims.get(spec.name) ?? []
    this.claims.set(spec.name, [...others, { spec, path }])
    const opposed = others.find(other => !agree(other.spec, spec))
    if (opposed === undefined) return undefined
    const [first, second] = [opposed.spec.typeName, spec.typeName]
    const claim = `declared as ${first} by ${opposed.path.join(' > ')} and as ${second} here`
    return new ComponentTypeError(path, spec.name, 'of a single class', claim)
  }
}

/** Two specs can be met by one object if one class extends the other. */
function agree(a: ComponentSpec, b: ComponentSpec): boolean {
  const [first, second] = [a.typeHint, b.typeHint]
  if (first === undefined || second === undefined || first === second) return true
  const extendsClass = (type: { prototype: unknown }, base: { prototype: unknown }) =>
    Object.prototype.isPrototypeOf.call(base.prototype as object, type.prototype as object)
  return extendsClass(first, second) || extendsClass(second, first)
}
