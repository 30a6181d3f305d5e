/** What a components manager tells. */

/** Something that was hardly meant so, and that the manager has dealt with. */
export interface ManagerWarning {
  readonly type: 'warning'
  /** Code of the warning. */
  readonly code: ManagerWarningCode
  /** What the warning says. */
  readonly message: string
}

/** The kinds of warnings. */
export type ManagerWarningCode =
  /** The same component is added again under its name. */
  | 'KNOWN_COMPONENT'
  /** A component is added under a second name. */
  | 'DUPLICATE_COMPONENT'
  /** Another component was loaded from the same place. */
  | 'DUPLICATE_LOAD_ID'
  /** A component takes the place of its namesake in a collection. */
  | 'REPLACED_IN_COLLECTION'
  /** A component left its last collection, and the manager with it. */
  | 'REMOVED_WITH_COLLECTION'
  /** Something is to be removed that is not there. */
  | 'UNKNOWN_COMPONENT'
  | 'UNKNOWN_COLLECTION'
  /** A model is called although it does not fit under the limit, whatever leaves. */
  | 'OVER_MEMORY_LIMIT'

/** A model is about to be loaded into memory, and this was decided about the others. */
export interface OffloadEvent {
  readonly type: 'offload'
  /** Id of the model that is to be called. */
  readonly id: string
  /** Bytes that it brings. */
  readonly bytes: number
  /** Bytes that were free for it before. */
  readonly free: number
  /** Ids of the models that were in memory and could have left. */
  readonly candidates: readonly string[]
  /** Ids of those that left. */
  readonly offloaded: readonly string[]
}

/** Anything that a manager tells, told apart by `type`. */
export type ManagerEvent = ManagerWarning | OffloadEvent

/** Receives what a manager tells, as it happens. */
export type ManagerListener = (event: ManagerEvent) => void
