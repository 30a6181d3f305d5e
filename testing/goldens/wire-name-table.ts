/** Names of a case in both spellings: the goldens' snake_case and our camelCase. */
import { toCamelCase } from '../../src'

/** Remembers each name it turns to camelCase, so that it can be turned back exactly. */
export class WireNameTable {
  private readonly wireNames = new Map<string, string>()

  /** The name in our spelling. A dotted name (a place inside nested blocks) keeps its dots. */
  ours(name: string): string {
    const camel = name.split('.').map(toCamelCase).join('.')
    this.wireNames.set(camel, name)
    return camel
  }

  /** The name as the case spells it. */
  wire(name: string): string {
    return this.wireNames.get(name) ?? name
  }
}
