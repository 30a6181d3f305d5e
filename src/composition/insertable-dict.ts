/** An ordered map whose entries can be put anywhere. Counterpart: diffusers modular_pipelines/modular_pipeline_utils.py. */
import { classNameOf } from '../format/class-name'

/** Names with their blocks, in the order in which they run. Setting a known name replaces its value in place. */
export class InsertableDict<V> extends Map<string, V> {
  /** Puts an entry at an index, counted after an entry of that name is removed; negative counts from the end, too large appends. */
  insert(name: string, value: V, index: number): this {
    this.delete(name)
    const entries = [...this]
    entries.splice(index, 0, [name, value])
    this.clear()
    for (const [key, member] of entries) this.set(key, member)
    return this
  }

  /** Takes an entry out and returns its value; `undefined` if none exists. */
  pop(name: string): V | undefined {
    const value = this.get(name)
    this.delete(name)
    return value
  }

  override toString(): string {
    const lines = [...this].map(([name, value], i) => {
      const type = typeof value === 'function' ? `class ${classNameOf(value)}` : classNameOf(value)
      return `  ${i}: ('${name}', <${type}>)`
    })
    return `InsertableDict([\n${lines.join(',\n')}\n])`
  }
}
