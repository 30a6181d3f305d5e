/** Puts a folder on the Hub. Counterpart: diffusers utils/hub_utils.py (PushToHubMixin). */
import { readdir, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  type OpenRepository,
  type PublishOptions,
  type PushedCommit,
  registerRepositoryPublisher,
} from '../../src/hub/repository-publisher'
import { MissingFileError } from '../files/missing-file-error'
import { callLibrary } from './call-library'
import { HubClient, type HubClientOptions } from './hub-client'
import { HubRequestError, InvalidHubAnswerError, InvalidHubSettingError, TokenRefusedError } from './hub-errors'
import { requireHubId, requireRevision } from './repository-names'

/** Options of {@link pushToHub}. */
export interface PushToHubOptions extends PublishOptions, HubClientOptions {
  /** Branch to write to. Default: `main`. */
  revision?: string | undefined
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
  requireNames(options)
  const names = await filesToUpload(folder)
  const client = await openForWriting(options)
  return upload(folder, names, client, options)
}

/** Makes sure that a repository is there and may be written to, before what is to go there is saved. */
async function openHubRepository(options: PushToHubOptions): Promise<OpenRepository> {
  requireNames(options)
  const client = await openForWriting(options)
  const target = { repository: options.repoId, revision: options.revision ?? 'main' }
  return {
    async readText(file) {
      const url = client.fileUrl({ ...target, file })
      const response = await client.request(url, { ...target, file, accept: [404] })
      return response.ok ? response.text() : undefined
    },
    async push(folder, replaces) {
      const names = await filesToUpload(folder)
      const there = replaces && (await filesOf(client, options))
      const left = there?.filter(name => replaces?.(name) && !names.includes(name))
      return upload(folder, names, client, options, left)
    },
  }
}

registerRepositoryPublisher(openHubRepository)

/** @throws InvalidRepositoryNameError */
function requireNames({ repoId, revision }: PushToHubOptions): void {
  requireHubId(repoId)
  if (revision !== undefined) requireRevision(revision)
}

/** A client that may write to the repository, which is made if there is none. */
async function openForWriting(options: PushToHubOptions): Promise<HubClient> {
  const client = await HubClient.open(options)
  if (!client.hasToken) {
    throw new InvalidHubSettingError('the token', 'is needed to write. Set HF_TOKEN to one that may write')
  }
  await makeRepository(client, options)
  return client
}

async function upload(
  folder: string,
  names: readonly string[],
  client: HubClient,
  options: PushToHubOptions,
  removed: readonly string[] = [],
): Promise<PushedCommit> {
  const { repoId, revision = 'main', commitMessage = 'Upload with Tesserae', createPr = false, signal } = options
  const pushed = await callLibrary(repoId, signal, ({ commit }) =>
    commit({
      ...connection(client, options),
      repo: { type: 'model', name: repoId },
      branch: revision,
      operations: [
        ...names.map(path => ({ operation: 'addOrUpdate' as const, path, content: pathToFileURL(join(folder, path)) })),
        ...removed.map(path => ({ operation: 'delete' as const, path })),
      ],
      title: commitMessage,
      isPullRequest: createPr,
      ...(signal && { abortSignal: signal }),
    }),
  )
  if (pushed === undefined) throw new InvalidHubAnswerError(repoId, 'the Hub made no commit.')
  const { commit, pullRequestUrl } = pushed
  return { commit: commit.oid, url: commit.url, ...(pullRequestUrl !== undefined && { pullRequestUrl }) }
}

/** Names of the files in the repository; none in one that is new. */
async function filesOf(client: HubClient, options: PushToHubOptions): Promise<string[]> {
  const { repoId, revision = 'main', signal } = options
  try {
    return await callLibrary(repoId, signal, async ({ listFiles }) => {
      const names: string[] = []
      const repo = { type: 'model' as const, name: repoId }
      for await (const { type, path } of listFiles({
        ...connection(client, options),
        repo,
        revision,
        recursive: true,
      })) {
        if (type === 'file') names.push(path)
      }
      return names
    })
  } catch (error) {
    if (error instanceof HubRequestError && error.status === 404) return []
    throw error
  }
}

/** How the library reaches the Hub. */
function connection(client: HubClient, { repoId, revision = 'main' }: PushToHubOptions) {
  return { hubUrl: client.endpoint, fetch: client.fetchFor({ repository: repoId, revision }) }
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
async function makeRepository(client: HubClient, options: PushToHubOptions): Promise<void> {
  const { repoId, private: isPrivate, signal } = options
  const common = connection(client, options)
  // The token is put in by fetch; the library knows none that does not begin as the Hub's do.
  const credentials = { accessToken: undefined as unknown as string }
  try {
    await callLibrary(repoId, signal, ({ createRepo }) =>
      createRepo({
        ...common,
        ...credentials,
        repo: { type: 'model', name: repoId },
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
