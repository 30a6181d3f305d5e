/** Two blocks disagree on what a name stands for. */
import { ModularError } from './modular-error'

/** One side of a disagreement. */
export interface TypeClaim {
  /** Path of the block, e.g. `denoise > update`. */
  block: string
  /** What it does with the name. */
  role: 'reads' | 'writes'
  type: string
}

/** Two blocks of a pipeline declare one name with types that cannot both be true. */
export class TypeConflictError extends ModularError {
  override readonly code = 'TYPE_CONFLICT'

  constructor(
    /** The name that they disagree on. */
    readonly parameter: string,
    first: TypeClaim,
    second: TypeClaim,
  ) {
    super(
      `"${parameter}" has two types: ${first.block} ${first.role} ${first.type}, ${second.block} ${second.role} ${second.type}. ` +
        'Rename one of them, or make their declarations agree.',
    )
  }
}
