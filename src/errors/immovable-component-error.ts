/** A model that cannot be moved is part of a pipeline that is. */
import { ModularError } from './modular-error'

/** The class of a model does not know how to compute elsewhere, or with weights of another type. */
export class ImmovableComponentError extends ModularError {
  override readonly code = 'IMMOVABLE_COMPONENT'

  constructor(
    /** Name of the component. */
    readonly component: string,
    className: string,
  ) {
    super(
      `The component "${component}" (${className}) cannot be moved: its class has no preparePlacement(). Nothing has been moved. ` +
        'Load it on the device where it should run, or add preparePlacement() to its class.',
    )
  }
}
