/** Puts a folder on the Hub. Counterpart: diffusers utils/hub_utils.py (PushToHubMixin). */
import { readdir, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { MissingFileError } from '../files/missing-file-error'
import { callLibrary } from './call-library'
import { HubClient, type HubClientOptions } from './hub-client'
import { HubRequestError, InvalidHubAnswerError, InvalidHubSettingError, TokenRefusedError } from './hub-errors'
import { requireHubId, requireRevision } from './repository-names'

/** Options of {@link pushToHub}. */
export interface PushToHubOptions extends HubClientOptions {
  /** Repository to write to, e.g. `org/name`; it is made if there is none. */
  repoId: string
  /** Branch to write to. Default: `main`. */
  revision?: string | undefined
  commitMessage?: string | undefined
  /** Whether a repository that is made here is private. Default: what its owner has set. */
  private?: boolean | undefined
  /** Proposes the change instead of making it. */
  createPr?: boolean | undefined
}

/** What {@link pushToHub} has done. */
export interface PushedCommit {
  /** The new commit, and its address. */
  commit: string
  url: string
  /** Address of the proposal. */
  pullRequestUrl?: string
}

/** Folders that belong to tools, and names of files that are being written. */
const LEFT_OUT = /(?:^|\/)(?:\.git|\.cache|__pycache__)\/|(?:^|\/)(?:\.DS_Store|\.tesserae-[^/]*\.tmp)$/

/**
 * Uploads all files of a folder as one commit: large ones first, and the commit when all are there, so that the repository holds the old files or the
 * new ones.
 *
 * @throws MissingFileError for a folder that is not there or empty; InvalidHubSettingError without a token; TokenRefusedError or another HubRequestError;
 * HubConnectionError; InvalidHubAnswerError; InvalidRepositoryNameError; the reason of the signal
 */
export async function pushToHub(folder: string, options: PushToHubOptions): Promise<PushedCommit> {
  const { repoId, revision = 'main', commitMessage = 'Upload with Tesserae', createPr = false, signal } = options
  requireHubId(repoId)
  requireRevision(revision)
  const names = await filesToUpload(folder)
  const client = await HubClient.open(options)
  if (!client.hasToken) {
    throw new InvalidHubSettingError('the token', 'is needed to write. Set HF_TOKEN to one that may write')
  }
  const target = { repository: repoId, revision }
  const common = { hubUrl: client.endpoint, fetch: client.fetchFor(target) }
  await makeRepository(repoId, options.private, common, signal)
  const pushed = await callLibrary(repoId, signal, ({ uploadFiles }) =>
    uploadFiles({
      ...common,
      repo: { type: 'model', name: repoId },
      branch: revision,
      files: names.map(path => ({ path, content: pathToFileURL(join(folder, path)) })),
      commitTitle: commitMessage,
      isPullRequest: createPr,
      ...(signal && { abortSignal: signal }),
    }),
  )
  if (pushed === undefined) throw new InvalidHubAnswerError(repoId, 'the Hub made no commit.')
  const { commit, pullRequestUrl } = pushed
  return { commit: commit.oid, url: commit.url, ...(pullRequestUrl !== undefined && { pullRequestUrl }) }
}

async function filesToUpload(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true }).catch(() => undefined)
  const names: string[] = []
  for (const entry of entries ?? []) {
    const name = entry.replaceAll(sep, '/')
    // Links are followed: the folders of the cache are made of them.
    if (!LEFT_OUT.test(name) && (await stat(join(folder, entry))).isFile()) names.push(name)
  }
  if (names.length === 0)
    throw new MissingFileError(folder, ['files to upload'], entries === undefined ? undefined : [])
  return names.sort()
}

/** Makes the repository; one that is there will do. */
async function makeRepository(
  repoId: string,
  isPrivate: boolean | undefined,
  common: { hubUrl: string; fetch: typeof fetch },
  signal: AbortSignal | undefined,
): Promise<void> {
  const repo = { type: 'model' as const, name: repoId }
  // The token is put in by fetch; the library knows none that does not begin as the Hub's do.
  const credentials = { accessToken: undefined as unknown as string }
  try {
    await callLibrary(repoId, signal, ({ createRepo }) =>
      createRepo({
        ...common,
        ...credentials,
        repo,
        ...(isPrivate !== undefined && { visibility: isPrivate ? 'private' : 'public' }),
      }),
    )
  } catch (error) {
    if (error instanceof HubRequestError && error.status === 409) return
    // Some tokens may write to a repository, but make none.
    if (!(error instanceof TokenRefusedError) || error.status !== 403) throw error
    await callLibrary(repoId, signal, ({ modelInfo }) => modelInfo({ ...common, name: repoId })).catch(() => {
      throw error
    })
  }
}
