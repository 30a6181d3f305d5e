/** The components and settings of a pipeline as one run sees them. */
import type { Run } from './run'

/** Key under which the components carry their run. */
export const RUN: unique symbol = Symbol('run')

/**
 * What a block is given beside the state. `components.unet` reads a component or a setting by name; `components.get<UNet>('unet')` does so
 * with a type. Components that a run changes (see RunScoped) are this run's own copies.
 */
export interface Components {
  readonly [RUN]: Run
  /** The component or setting of that name.
   * @throws MissingComponentError for a component that nobody supplied. */
  get<T = unknown>(name: string): T
  readonly [name: string]: unknown
}

/** What the components of all runs of a pipeline have in common: an accessor for each name. */
export function componentsPrototype(names: Iterable<string>): object {
  const prototype = {
    get(this: Components, name: string): unknown {
      return this[RUN].components.get(name)
    },
  }
  for (const name of names) {
    Object.defineProperty(prototype, name, {
      get(this: Components) {
        return this[RUN].components.get(name)
      },
    })
  }
  return prototype
}

/** The components for one run. */
export function makeComponents(prototype: object, run: Run): Components {
  return Object.create(prototype, { [RUN]: { value: run } }) as Components
}

/** Whether a value is the components of a run. */
export function isComponents(value: object): value is Components {
  return RUN in value
}
