/** Everything that is wrong with a pipeline or a call, in one error. */
import { ModularError } from './modular-error'
import { shownLines } from './text'

/** Raised before the first block runs. `issues` holds one typed error for each problem. */
export class PipelineValidationError extends ModularError {
  override readonly code = 'PIPELINE_VALIDATION'

  constructor(
    /** The problems, in the order of the blocks. */
    readonly issues: readonly ModularError[],
  ) {
    const texts = issues.map(issue => `[${issue.code}] ${issue.message}`)
    super(
      texts.length === 1
        ? (texts[0] as string)
        : `${texts.length} problems:\n${shownLines(texts.map((text, i) => `${i + 1}. ${text}`)).join('\n')}`,
    )
  }
}
