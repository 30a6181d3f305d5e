/** Which ids, revisions and paths are let near the cache's folders. Counterpart: huggingface_hub utils/_validators.py. */
import { printableName, printableValue } from '../../src/errors/printable'
import { isContainedPath } from '../../src/files/contained-path'
import { InvalidHubAnswerError, InvalidRepositoryNameError } from './hub-errors'

const LONGEST_ID = 96
const ID = /^[A-Za-z0-9][\w.-]*\/[\w.-]+$/
const COMMIT = /^[0-9a-f]{40}$/

/** Whether a text is `org/name`, as the Hub allows it. JavaScript may hand over anything. */
export function isHubId(text: string): boolean {
  return (
    typeof text === 'string' && text.length <= LONGEST_ID && ID.test(text) && !/--|\.\.|\.git$|[-.]$|\/[-.]/.test(text)
  )
}

/** Whether a revision is a full commit: what it holds never changes. */
export function isCommit(revision: string): boolean {
  return COMMIT.test(revision)
}

/** @throws InvalidRepositoryNameError for what can be no id */
export function requireHubId(id: string): void {
  if (!isHubId(id)) {
    throw new InvalidRepositoryNameError(
      id,
      'is not the id of a repository: expected "org/name" of letters, digits, - _ and .',
    )
  }
}

/** @throws InvalidRepositoryNameError for a revision that would lead out of the cache's folder */
export function requireRevision(revision: string): void {
  if (!isContainedPath(revision)) throw new InvalidRepositoryNameError(revision, 'is not a branch, tag or commit.')
}

/** @throws InvalidHubAnswerError for a path that the server names and that would lead out of the snapshot's folder */
export function requireSafeFile(repository: string, file: string): void {
  if (isContainedPath(file)) return
  throw new InvalidHubAnswerError(
    repository,
    `the repository names a file outside of its folder, ${printableValue(file)}, which is refused.`,
  )
}

/** @throws InvalidHubAnswerError for an etag that cannot be the name of a file */
export function requireEtag(repository: string, etag: string): void {
  if (typeof etag === 'string' && /^[\w-]{1,128}$/.test(etag)) return
  throw new InvalidHubAnswerError(repository, `${printableValue(etag)} is not the ETag of a file.`)
}

/** @throws InvalidHubAnswerError for a size that no file can have */
export function requireSize(repository: string, file: string, size: number): void {
  if (Number.isSafeInteger(size) && size >= 0) return
  throw new InvalidHubAnswerError(
    repository,
    `the answer gives ${printableValue(file)} a size of ${printableName(String(size))} bytes.`,
  )
}

/**
 * A branch can have the name of a commit, and move: who asks for a commit must get that one.
 *
 * @throws InvalidHubAnswerError where a full commit was asked for, and the answer is of another
 */
export function requireSameCommit(repository: string, revision: string, commit: string): void {
  if (!isCommit(revision) || revision === commit) return
  throw new InvalidHubAnswerError(
    repository,
    `the revision "${revision}" is not the commit of the answer, which is ${commit}.`,
  )
}
