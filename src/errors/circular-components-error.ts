import { ModularError } from './modular-error'

/** Classes or factories of a container ask for each other. */
export class CircularComponentsError extends ModularError {
  override readonly code = 'CIRCULAR_COMPONENTS'

  constructor(
    /** Tokens in the order in which they ask for each other; the first one is the last one too. */
    readonly circle: readonly string[],
  ) {
    super(
      `The components depend on each other: ${circle.join(' -> ')}. Create one of them without the other, and connect them afterwards.`,
    )
  }
}
