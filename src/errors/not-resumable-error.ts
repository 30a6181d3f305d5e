/** A run that cannot continue where it was cancelled. */
import { ModularError } from './modular-error'

/** The state holds no place to continue at, or the pipeline is not the one that was cancelled. */
export class NotResumableError extends ModularError {
  override readonly code = 'NOT_RESUMABLE'

  constructor(problem: string, path?: readonly string[]) {
    super(`The run cannot continue: ${problem}`, path && { path })
  }
}
