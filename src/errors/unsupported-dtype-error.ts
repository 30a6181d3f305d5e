/** The weights of a component are to be of an element type that its class does not know. */
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
    const advice =
      supported.length === 0
        ? 'It has no weights to cast: name another component.'
        : `They can be ${nameList(supported)}. Pass one of these, or no dtype to keep that of the files.`
    super(`The weights of the component "${component}" (${className}) cannot be cast to "${dtype}". ${advice}`)
  }
}
