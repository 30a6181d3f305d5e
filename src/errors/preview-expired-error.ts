/** Pictures of a preview were asked for too late. */
import { ModularError } from './modular-error'

/** The run has continued, and the tensors of the preview are disposed. */
export class PreviewExpiredError extends ModularError {
  override readonly code = 'PREVIEW_EXPIRED'

  constructor(
    /** Path of the step that offered the preview. */
    path: readonly string[],
    /** The iteration that the preview was of. */
    readonly step: number,
  ) {
    super(
      `The preview of step ${step} (${path.join('.')}) has expired: the run has continued. Call images() before the listener returns, or return the promise of ` +
        'what you do with the pictures.',
    )
  }
}
