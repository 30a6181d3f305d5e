/** What a pipeline reports about the components that it holds. Counterpart: the ComponentsManager of diffusers, as its pipelines see it. */

/** Knows the components of any number of pipelines: a components manager. */
export interface ComponentRegistry {
  /** Whether models should leave their weights in their files until they are called, so that they take no memory before. */
  readonly loadsLazily?: boolean
  /** Bytes of weights that a model may have in memory, if there is a limit. */
  readonly memoryLimit?: number | undefined
  /** Records a component, and the collection that it belongs to. Returns the id that it has here; one that is known keeps its id. */
  add(name: string, component: unknown, collection?: string): string
  /** Forgets the component of an id. */
  remove(id: string): void
  /** Takes a component out of a collection alone, as long as it belongs to another. */
  removeFromCollection(id: string, collection: string): void
}
