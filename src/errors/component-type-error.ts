/** A component is of another class than the block asks for. */
import { ModularError } from './modular-error'
import { pathText } from './text'

/** What was supplied for a component is not an instance of the declared class, or two blocks ask for different classes. */
export class ComponentTypeError extends ModularError {
  override readonly code = 'COMPONENT_TYPE'

  constructor(
    path: readonly string[],
    /** Name of the component. */
    readonly component: string,
    expected: string,
    got: string,
  ) {
    super(`${pathText(path)}: the component "${component}" must be ${expected}, but is ${got}.`, { path })
  }
}
