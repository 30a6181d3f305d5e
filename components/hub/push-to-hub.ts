/** Puts a folder on the Hub. Counterpart: diffusers utils/hub_utils.py (PushToHubMixin). */

import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { pathOf } from '../../src/files/path-of'
import {
  type OpenRepository,
  type PublishOptions,
  type PushedCommit,
  registerRepositoryPublisher,
} from '../../src/hub/repository-publisher'
import { callLibrary } from './call-library'
import { listEntries } from './fetch-snapshot'
import { filesToUpload, type UploadPatterns } from './files-to-upload'
import { HubClient, type HubClientOptions } from './hub-client'
import {
  HubRequestError,
  type HubTarget,
  InvalidHubAnswerError,
  InvalidHubSettingError,
  TokenRefusedError,
} from './hub-errors'
import { isOffline } from './hub-settings'
import { requireHubId, requireRevision } from './repository-names'

/** Options of {@link pushToHub}. */
export interface PushToHubOptions extends PublishOptions, HubClientOptions, UploadPatterns {
  /** Branch to write to; it is made if none exists. Default: `main`. */
  revision?: string | undefined
}

/**
 * Uploads the files of a folder as one commit, except those of tools (`.git`, `node_modules`, …). Large ones go first,
 * and the commit comes after all, so that the repository holds the old files or the new ones. A repository or a branch
 * that is made for it stays, also where the upload fails.
 *
 * @throws MissingFileError for a folder that is not there or holds nothing; UnreadableFileError for a file that cannot be read; InvalidHubSettingError
 * without a token, or where no server may be asked; TokenRefusedError or another HubRequestError; HubConnectionError; InvalidHubAnswerError;
 * InvalidRepositoryNameError; the reason of the signal
 */
export async function pushToHub(folder: string | URL, options: PushToHubOptions): Promise<PushedCommit> {
  requireRepositoryNames(options)
  const path = pathOf(folder, 'folder')
  const names = await filesToUpload(path, options)
  const client = await openForWriting(options)
  return upload(path, names, client, options)
}

/** Makes sure that a repository is there and may be written to, before what is to go there is saved. */
async function openHubRepository(options: PushToHubOptions): Promise<OpenRepository> {
  requireRepositoryNames(options)
  const client = await openForWriting(options)
  const target = targetOf(options)
  return {
    async readText(file) {
      const url = client.fileUrl({ ...target, file })
      const response = await client.request(url, { ...target, file, accept: [404] })
      return response.ok ? client.textOf(response, target) : undefined
    },
    async push(folder, replaces) {
      const names = await filesToUpload(folder)
      const there = replaces && (await filesOf(client, target))
      const left = there?.filter(name => replaces?.(name) && !names.includes(name))
      return upload(folder, names, client, options, left)
    },
  }
}

registerRepositoryPublisher(openHubRepository)

/** @throws InvalidRepositoryNameError */
function requireRepositoryNames({ repoId, revision }: PushToHubOptions): void {
  requireHubId(repoId)
  if (revision !== undefined) requireRevision(revision)
}

function targetOf({ repoId, revision = 'main' }: PushToHubOptions): { repository: string; revision: string } {
  return { repository: repoId, revision }
}

/** A client that may write to the repository and its branch, which are made if none exist. */
async function openForWriting(options: PushToHubOptions): Promise<HubClient> {
  if (isOffline()) throw new InvalidHubSettingError('HF_HUB_OFFLINE', 'is set, so nothing can be pushed. Unset it')
  const client = await HubClient.open(options)
  if (!client.hasToken) {
    throw new InvalidHubSettingError('the token', 'is needed to write. Set HF_TOKEN to a token with write access')
  }
  const target = targetOf(options)
  await makeRepository(client, target, options.private)
  const { repository, revision: branch } = target
  if (branch !== 'main' && !branch.startsWith('refs/') && !options.createPr) {
    await unlessThere(() =>
      callLibrary(client, target, ({ createBranch }, connection) =>
        createBranch({ ...connection, repo: { type: 'model', name: repository }, branch }),
      ),
    )
  }
  return client
}

async function upload(
  folder: string,
  names: readonly string[],
  client: HubClient,
  options: PushToHubOptions,
  removed: readonly string[] = [],
): Promise<PushedCommit> {
  const { commitMessage = 'Upload with Tesserae', createPr = false, signal } = options
  const target = targetOf(options)
  const pushed = await callLibrary(client, target, ({ commit }, connection) =>
    commit({
      ...connection,
      repo: { type: 'model', name: target.repository },
      branch: target.revision,
      operations: [
        ...names.map(path => ({ operation: 'addOrUpdate' as const, path, content: pathToFileURL(join(folder, path)) })),
        ...removed.map(path => ({ operation: 'delete' as const, path })),
      ],
      title: commitMessage,
      isPullRequest: createPr,
      // Its other way of uploading takes a refusal for an answer, which our fetch does not give.
      useXet: false,
      ...(signal && { abortSignal: signal }),
    }),
  )
  if (pushed === undefined) throw new InvalidHubAnswerError(target.repository, 'the Hub made no commit.')
  const { commit, pullRequestUrl } = pushed
  return { commit: commit.oid, url: commit.url, ...(pullRequestUrl !== undefined && { pullRequestUrl }) }
}

/** Names of the files in the repository; none in one that is new. */
async function filesOf(client: HubClient, { repository, revision }: ReturnType<typeof targetOf>): Promise<string[]> {
  try {
    const entries = await listEntries(client, repository, revision)
    return entries.filter(({ type }) => type === 'file').map(({ path }) => path)
  } catch (error) {
    if (error instanceof HubRequestError && error.status === 404) return []
    throw error
  }
}

/** Makes the repository; one that is there will do. */
async function makeRepository(client: HubClient, target: HubTarget, isPrivate: boolean | undefined): Promise<void> {
  const repo = { type: 'model' as const, name: target.repository }
  // The token is put in by fetch; the library knows none that does not begin as the Hub's do.
  const credentials = { accessToken: undefined as unknown as string }
  const visibility =
    isPrivate === undefined ? {} : { visibility: isPrivate ? ('private' as const) : ('public' as const) }
  try {
    await unlessThere(() =>
      callLibrary(client, target, ({ createRepo }, connection) =>
        createRepo({ ...connection, ...credentials, repo, ...visibility }),
      ),
    )
  } catch (error) {
    // Some tokens may write to a repository, but make none.
    if (!(error instanceof TokenRefusedError) || error.status !== 403) throw error
    await callLibrary(client, target, ({ modelInfo }, connection) =>
      modelInfo({ ...connection, name: target.repository }),
    ).catch(() => {
      throw error
    })
  }
}

/** Makes something that may be there already. */
async function unlessThere(make: () => Promise<unknown>): Promise<void> {
  try {
    await make()
  } catch (error) {
    if (!(error instanceof HubRequestError) || error.status !== 409) throw error
  }
}
