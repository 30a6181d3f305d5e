/** Where models are published: a publisher registers itself. Counterpart: diffusers utils/hub_utils.py (PushToHubMixin). */
import { NotImplementedError } from '../errors/not-implemented-error'
import type { RepositoryOptions } from './repository-resolver'

/** Where a pipeline is published, and as what. */
export interface PublishOptions extends Pick<RepositoryOptions, 'token' | 'endpoint' | 'signal'> {
  /** Repository to write to, e.g. `org/name`; it is made if none exists. */
  repoId: string
  /** Title of the commit. */
  commitMessage?: string | undefined
  /** Whether a repository that is made here is private. Default: what its owner has set. */
  private?: boolean | undefined
  /** Proposes the change instead of making it. */
  createPr?: boolean | undefined
}

/** What was published. */
export interface PushedCommit {
  /** The new commit, and its address. */
  commit: string
  /** Address of the commit. */
  url: string
  /** Address of the proposal. */
  pullRequestUrl?: string
}

/** A repository that may be written to. */
export interface OpenRepository {
  /** The text of one of its files; `undefined` if it has none of that name. */
  readText(file: string): Promise<string | undefined>
  /**
   * Uploads all files of a folder as one commit.
   *
   * @param replaces whether a file of the repository that the folder lacks goes in the same commit. Default: none; they stay
   */
  push(folder: string, replaces?: (file: string) => boolean): Promise<PushedCommit>
}

/** Makes sure of a repository before the work begins whose result is to go there. */
export type RepositoryPublisher = (options: PublishOptions) => Promise<OpenRepository>

let registeredPublisher: RepositoryPublisher | undefined

/** Makes known who publishes repositories; the last one counts. `tesserae` registers the Hugging Face Hub. */
export function registerRepositoryPublisher(publisher: RepositoryPublisher): void {
  registeredPublisher = publisher
}

/**
 * A repository to write to, which is made if none exists.
 *
 * @throws NotImplementedError where nobody is registered; the errors of who is: no token, one that is refused, no connection, …
 */
export async function openRepository(options: PublishOptions): Promise<OpenRepository> {
  if (registeredPublisher !== undefined) return registeredPublisher(options)
  const advice =
    'import the components of tesserae, which know the Hub, or register your own by registerRepositoryPublisher().'
  throw new NotImplementedError('ModularPipeline', 'pushToHub()', advice)
}
