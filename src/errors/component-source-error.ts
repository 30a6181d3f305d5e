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
          ? 'it holds weights, and was not loaded by ComponentSpec.load() or pipe.loadComponents(), so nobody knows where they lie.'
          : 'it was not loaded, and its class cannot be made from its config: that takes a static fromConfig() and a config.'
      }`,
    )
  }
}
