/** NaN or infinity in a tensor. */
import { ModularError } from './modular-error'
import { pathText } from './text'

/** With `checkNumerics` on: a block wrote a tensor that holds NaN or infinity. */
export class NonFiniteError extends ModularError {
  override readonly code = 'NON_FINITE'

  constructor(
    path: readonly string[],
    /** Name of the value. */
    readonly value: string,
    problem: string,
  ) {
    super(
      `${pathText(path)}: wrote "${value}" with ${problem}. Look at the first block that does so; ` +
        'common causes are half-precision weights that overflow and a guidance scale that is too large.',
      { path },
    )
  }
}
