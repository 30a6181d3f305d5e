/** A tensor has another shape than its declaration asks for. */
import { ModularError } from './modular-error'
import { pathText } from './text'

/** What {@link ShapeMismatchError} is made of. */
export interface ShapeMismatchDetails {
  path: readonly string[]
  /** Name of the input or output. */
  parameter: string
  /** The declared dimensions, e.g. `[batch, height, width, 4]`. */
  expected: readonly (string | number)[]
  shape: readonly number[]
  /** Why it does not fit, where the pattern alone does not show it. */
  reason?: string | undefined
}

/** A tensor's shape does not fit the declared dimensions, or a named dimension has two sizes in one run. */
export class ShapeMismatchError extends ModularError {
  override readonly code = 'SHAPE_MISMATCH'
  /** Name of the input or output. */
  readonly parameter: string

  constructor({ path, parameter, expected, shape, reason }: ShapeMismatchDetails) {
    super(
      `${pathText(path)}: "${parameter}" must have the shape [${expected.join(', ')}], but has [${shape.join(', ')}]` +
        `${reason ? `: ${reason}` : ''}.`,
      { path },
    )
    this.parameter = parameter
  }
}
