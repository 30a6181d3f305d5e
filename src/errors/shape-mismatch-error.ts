/** A tensor has another shape than its declaration asks for. */
import { ModularError } from './modular-error'
import { pathText } from './text'

/** What {@link ShapeMismatchError} is made of. */
export interface ShapeMismatchDetails {
  /** Path of the block, if it is known. */
  path?: readonly string[] | undefined
  /** What asks for the shape, where that is not a block: the class of a model. */
  owner?: string | undefined
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

  constructor({ path, owner, parameter, expected, shape, reason }: ShapeMismatchDetails) {
    super(
      `${owner ?? pathText(path ?? [])}: "${parameter}" must have the shape [${expected.join(', ')}], but has [${shape.join(', ')}]` +
        `${reason ? `: ${reason}` : ''}.`,
      path && { path },
    )
    this.parameter = parameter
  }
}
