/** A description of blocks that cannot be used. */
import { ModularError } from './modular-error'

/** The file `modular_config.json`, which says where the code of blocks is, is missing or malformed. */
export class BlockConfigError extends ModularError {
  override readonly code = 'BLOCK_CONFIG'

  constructor(
    /** Path of the file. */
    readonly file: string,
    problem: string,
    cause?: unknown,
  ) {
    super(`${file}: ${problem}`, { cause })
  }
}
