/** A revision is that of a repository. */
import { existsSync } from 'node:fs'
import { InvalidRepositoryNameError } from '../components/hub/hub-errors'

/** Makes sure that a model has revisions if one of them is asked for. @throws InvalidRepositoryNameError for a folder or a file */
export function requireRevisions(model: string, revision: string | undefined, option: string): void {
  if (revision === undefined || !existsSync(model)) return
  const problem = `is on this machine and has no revisions. Leave out ${option}, or name a repository such as org/name.`
  throw new InvalidRepositoryNameError(model, problem)
}
