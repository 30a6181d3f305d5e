/** A component that nobody can make again. */
import { ModularError } from './modular-error'
import { kindOf } from './text'

/** No spec can be made from the component: it says neither where it was loaded from nor how it is set up. */
export class ComponentSourceError extends ModularError {
  override readonly code = 'COMPONENT_SOURCE'

  constructor(
    /** Name of the component. */
    readonly component: string,
    value: unknown,
    hasWeights: boolean,
  ) {
    super(
      `No spec can be made from the component "${component}" (${kindOf(value)}): ${
        hasWeights
          ? 'it holds weights that were not loaded by ComponentSpec.load() or pipe.loadComponents(), so their location is unknown. Load it with one of these.'
          : 'it was not loaded, and it cannot be created from a config. Give its class a static fromConfig() and the component a config.'
      }`,
    )
  }
}
