/** A block threw. */
import { ModularError } from './modular-error'
import { pathText } from './text'

/** An error from inside a block, with the path to that block; the error itself is the `cause`. */
export class BlockExecutionError extends ModularError {
  override readonly code = 'BLOCK_EXECUTION'
  declare readonly cause: unknown

  constructor(
    path: readonly string[],
    /** Class of the block that threw. */
    readonly blockClass: string,
    cause: unknown,
  ) {
    super(`${pathText(path)} (${blockClass}) failed: ${cause instanceof Error ? cause.message : String(cause)}`, {
      path,
      cause,
    })
  }
}
