/** Remembers which commits were fetched, so that parts of a repository fit together. */

/**
 * The commits that branches and tags stood for when they were resolved for the first time. Everything that is fetched with the same one comes from the same commit of each
 * repository, even if a branch moves in between. A pipeline has one: its components come from the commit of its index.
 */
export class RepositoryCommits {
  private readonly commits = new Map<string, string>()

  /** The commit of a branch or tag; `undefined` if it was not resolved yet. */
  of(repository: string, revision = 'main'): string | undefined {
    return this.commits.get(`${repository}@${revision}`)
  }

  /** Keeps the commit of a branch or tag, unless one is known. */
  keep(repository: string, revision: string | undefined, commit: string): void {
    const key = `${repository}@${revision ?? 'main'}`
    if (!this.commits.has(key)) this.commits.set(key, commit)
  }
}
