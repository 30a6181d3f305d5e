/** A block threw. */
import { ModularError } from './modular-error'
import { pathText } from './text'

/** What engines and compilers say of a member `#name` of an object that is not of the class itself. */
const PRIVATE_MEMBER = /\bprivate (?:member|field|method)\b|^Receiver must be an instance of class /

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
    super(
      `${pathText(path)} (${blockClass}) failed: ${cause instanceof Error ? cause.message : String(cause)}${hint(cause)}`,
      {
        path,
        cause,
      },
    )
  }
}

function hint(cause: unknown): string {
  if (!(cause instanceof TypeError && PRIVATE_MEMBER.test(cause.message))) return ''
  return '. In a block, "this" is bound to the values of one run and has no #private members: declare them with "private".'
}
