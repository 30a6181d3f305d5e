/** An index names a class that nobody has registered. */
import { ModularError } from './modular-error'
import { nearestName } from './nearest-name'

/** A component is of a class that does not exist here, and no block says which class to take. */
export class UnknownComponentClassError extends ModularError {
  override readonly code = 'UNKNOWN_COMPONENT_CLASS'

  constructor(
    /** Name of the component. */
    readonly component: string,
    /** The class that is named, if any. */
    readonly className: string | undefined,
    known: readonly string[],
  ) {
    const nearest = className === undefined ? undefined : nearestName(className, known)
    const problem =
      className === undefined
        ? 'neither a block, nor the index, nor a config of the component names its class'
        : `its class ${className} is not known${nearest ? `; did you mean ${nearest}?` : ''}`
    super(
      `The component "${component}" cannot be loaded: ${problem}. Let a block declare it with @Component(TheClass), register the class with ` +
        'registerComponentClasses(), or load it yourself and pass it to pipe.updateComponents().',
    )
  }
}
