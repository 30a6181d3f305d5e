/** A description of nodes that cannot be read. */
import { ModularError } from './modular-error'

/** The file of a node editor's configuration is missing, is not JSON, or does not hold nodes. */
export class MellonConfigError extends ModularError {
  override readonly code = 'MELLON_CONFIG'

  constructor(
    /** The file, or what was read in its place. */
    readonly source: string,
    problem: string,
    cause?: unknown,
  ) {
    super(`${source}: ${problem}`, { cause })
  }
}
