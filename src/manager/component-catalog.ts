/** The components of a manager by their ids, and the collections that they belong to. */
import { ComponentSearchError } from '../errors/component-search-error'
import { nameList } from '../errors/text'
import { UnknownValueError } from '../errors/unknown-value-error'
import { loadIdOf } from '../params/load-ids'
import { nameInId } from './component-id'
import type { ComponentFilter, ResultOptions } from './manager-options'

/** Keeps components, and finds them. */
export class ComponentCatalog {
  private readonly byId = new Map<string, unknown>()
  private readonly members = new Map<string, Set<string>>()
  private readonly times = new Map<string, Date>()

  /** All components by id, in the order in which they were added; a copy. */
  get all(): ReadonlyMap<string, unknown> {
    return new Map(this.byId)
  }

  /** The components, each once. */
  get distinct(): ReadonlySet<unknown> {
    return new Set(this.byId.values())
  }

  /** The ids in each collection; a copy. */
  get collections(): ReadonlyMap<string, ReadonlySet<string>> {
    return new Map([...this.members].map(([name, ids]) => [name, new Set(ids)]))
  }

  has(id: string): boolean {
    return this.byId.has(id)
  }

  /** Returns the component of an id. @throws UnknownValueError */
  require(id: string): unknown {
    if (this.byId.has(id)) return this.byId.get(id)
    throw new UnknownValueError('The components manager', id, [...this.byId.keys()], 'component')
  }

  /** When the component of an id was added. */
  addedTime(id: string): Date {
    return this.times.get(id) as Date
  }

  /** Adds a component; one that is here under that id stays as it is. */
  add(id: string, component: unknown): void {
    this.byId.set(id, component)
    if (!this.times.has(id)) this.times.set(id, new Date())
  }

  /** Removes a component, from all collections too. */
  remove(id: string): void {
    this.byId.delete(id)
    this.times.delete(id)
    for (const ids of this.members.values()) ids.delete(id)
  }

  /** Forgets everything. */
  clear(): void {
    for (const known of [this.byId, this.times, this.members]) known.clear()
  }

  /** The ids in a collection; `undefined` if there is no such collection. */
  membersOf(collection: string): ReadonlySet<string> | undefined {
    return this.members.get(collection)
  }

  /** Puts an id into a collection, which is made if it is not there. */
  join(id: string, collection: string): void {
    this.members.set(collection, (this.members.get(collection) ?? new Set()).add(id))
  }

  /** Takes an id out of a collection. */
  leave(id: string, collection: string): void {
    this.members.get(collection)?.delete(id)
  }

  /** The collections that an id is in. */
  collectionsOf(id: string): string[] {
    return [...this.members].filter(([, ids]) => ids.has(id)).map(([name]) => name)
  }

  /** The ids for which all holds that is stated. */
  find({ name, collection, loadId }: ComponentFilter & { name?: string | undefined }): string[] {
    const members = collection === undefined ? undefined : (this.members.get(collection) ?? new Set())
    return [...this.byId]
      .filter(([id]) => (name === undefined || nameInId(id) === name) && (members?.has(id) ?? true))
      .filter(([, component]) => loadId === undefined || loadIdOf(component) === loadId)
      .map(([id]) => id)
  }

  /** The components of these ids, by name or by id. @throws ComponentSearchError where a name stands for two of them */
  pick(ids: readonly string[], keys: ResultOptions['keys'] = 'names'): Record<string, unknown> {
    const result = new Map<string, unknown>()
    for (const id of ids) {
      const key = keys === 'ids' ? id : nameInId(id)
      if (result.has(key)) {
        const same = ids.filter(other => nameInId(other) === key)
        const message = `${nameList(same)} have the same name. Ask for them by id ({ keys: 'ids' }), or restrict the search to a collection.`
        throw new ComponentSearchError('same-name', message, same)
      }
      result.set(key, this.byId.get(id))
    }
    return Object.fromEntries(result)
  }
}
