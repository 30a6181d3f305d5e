/** A repository that does not hold a file. */
import { ModularError } from './modular-error'

/** A file is named together with its repository, and the repository does not have it. */
export class MissingRepositoryFileError extends ModularError {
  override readonly code = 'MISSING_REPOSITORY_FILE'

  constructor(
    /** The id, e.g. `org/name`. */
    readonly repository: string,
    /** Path of the file in the repository. */
    readonly file: string,
    /** The branch, tag or commit that was asked for. */
    readonly revision: string | undefined,
  ) {
    const which = revision === undefined ? '' : ` at the revision ${revision}`
    super(
      `${repository}: there is no file ${file} in this repository${which}. Check its name on the page of the repository.`,
    )
  }
}
