/** A component is asked to compute in numbers that it does not know. */
import { ModularError } from './modular-error'
import { nameList } from './text'

/** The class of a component cannot be loaded with the dtype that is asked for. */
export class UnsupportedDTypeError extends ModularError {
  override readonly code = 'UNSUPPORTED_DTYPE'

  constructor(
    /** Name of the component. */
    readonly component: string,
    /** What was asked for. */
    readonly dtype: string,
    className: string,
    supported: readonly string[],
  ) {
    super(
      `The component "${component}" (${className}) cannot be loaded as "${dtype}"; it computes in ${nameList(supported)}. ` +
        'Weights take no more room than in their files whatever the dtype is: for smaller ones, load a variant such as "fp16".',
    )
  }
}
