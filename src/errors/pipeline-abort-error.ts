/** A run that was stopped from outside. */
import type { PipelineState } from '../state/pipeline-state'
import { ModularError } from './modular-error'
import { pathText } from './text'

/** The run's AbortSignal fired. `state` holds what was there; its tensors live on only if the run was asked to keep them. */
export class PipelineAbortError extends ModularError {
  override readonly code = 'ABORTED'

  constructor(
    path: readonly string[],
    /** The values of the run when it stopped. Tensors in it are disposed, unless the run had `keepStateOnAbort`. */
    readonly state: PipelineState,
    reason: unknown,
  ) {
    const why = reason instanceof ModularError ? ` ${reason.message}` : ''
    super(`The run was cancelled in ${pathText(path)}.${why}`, { path, cause: reason })
    this.name = 'AbortError'
  }
}
