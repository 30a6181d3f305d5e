/** A repository that would have to be fetched where nobody can wait for it. */
import { ModularError } from './modular-error'

/** A model is named by an id, but its index is not cached, and it is asked for at once. */
export class RepositoryUnavailableError extends ModularError {
  override readonly code = 'REPOSITORY_UNAVAILABLE'

  constructor(
    /** The id, e.g. `org/name`. */
    readonly repository: string,
    /** The branch, tag or commit that was asked for. */
    readonly revision: string | undefined,
  ) {
    const which = revision === undefined ? '' : ` (revision ${revision})`
    super(
      `${repository}: not found. There is no such folder, and the index of a repository of that name${which} is not in the cache. ` +
        `Fetch it first: await ModularPipeline.fromPretrained('${repository}'), or await fetchModelIndex('${repository}').`,
    )
  }
}
