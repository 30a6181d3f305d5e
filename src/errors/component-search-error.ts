/** A search among the components of a manager that does not lead to what was asked for. */
import { ModularError } from './modular-error'

/** What went wrong. */
export type ComponentSearchProblem =
  /** Nothing fits. */
  | 'none'
  /** More than one component fits where one is asked for. */
  | 'several'
  /** Components of one name cannot be told apart by it. */
  | 'same-name'
  /** What is asked for contradicts itself. */
  | 'contradiction'

/** Nothing is found, or more than can be returned. */
export class ComponentSearchError extends ModularError {
  override readonly code = 'COMPONENT_SEARCH'

  constructor(
    /** The kind of problem. */
    readonly problem: ComponentSearchProblem,
    message: string,
    /** Ids of the components that were found. */
    readonly ids: readonly string[] = [],
  ) {
    super(`ComponentsManager: ${message}`)
  }
}
