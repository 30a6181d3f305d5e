/** What the server reports about components that a job may choose. */
import type { JsonSchema } from '../../src/json-schema/json-schema'

/** Components that a job may choose. */
export const CHOOSABLE = ['scheduler', 'guider'] as const

/** A component that a job may choose. */
export type Choosable = (typeof CHOOSABLE)[number]

/** A scheduler or guider that may be chosen. */
export interface OfferedComponent {
  /** Short name, e.g. `euler_karras`. */
  readonly name: string
  readonly className: string
  /** JSON Schema of the settings that a job may change. */
  readonly settings: JsonSchema
}

/** What may be chosen in place of one component of a pipeline. */
export interface OfferedComponents {
  /** Class of the pipeline's own; `null` if it is not known before the model is loaded. */
  readonly own: string | null
  readonly choices: readonly OfferedComponent[]
}

/** What may be chosen for a pipeline; a component that its blocks do not use is missing. */
export type Choices = Readonly<Partial<Record<Choosable, OfferedComponents>>>
