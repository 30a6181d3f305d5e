/** One file of weights from which something cannot be loaded. */
import { ModularError } from '../../src/errors/modular-error'

/** What is wrong with a file, or with what was asked of it. */
export type SingleFileProblem =
  /** Nothing is known of files with such keys. */
  | 'unknown'
  /** It is known what the file holds, and that is something else than was asked for. */
  | 'other-kind'
  /** The file lacks the component that was asked for. */
  | 'missing-component'
  /** The file is of a known family, but its tensors do not fit the family's settings. */
  | 'other-sizes'

/** A file of weights is of no known family, or does not hold what was asked for. */
export class SingleFileError extends ModularError {
  override readonly code = 'SINGLE_FILE'

  /** @param detail what is wrong, and what to do: sentences that follow the name of the file */
  constructor(
    /** The file, as the caller named it. */
    readonly file: string,
    /** The kind of problem. */
    readonly problem: SingleFileProblem,
    detail: string,
    cause?: unknown,
  ) {
    super(`${file}: ${detail}`, { cause })
  }
}
