/** The options of every call of the Hub. */
import type { RepositoryOptions } from '../../src/hub/repository-resolver'
import { HubCache } from './hub-cache'
import type { HubClientOptions } from './hub-client'
import { HubConnectionError, HubRequestError } from './hub-errors'
import { hubCacheFolder, isOffline } from './hub-settings'
import { requireHubId, requireRevision } from './repository-names'

/** Options of a download: where from, where to, and how patiently. */
export type HubOptions = RepositoryOptions & Pick<HubClientOptions, 'attempts' | 'retryDelay' | 'timeout'>

/** Why no server may be asked; `undefined` if it may. */
export function offlineReason(options: HubOptions): 'HF_HUB_OFFLINE' | 'localFilesOnly' | undefined {
  if (options.localFilesOnly) return 'localFilesOnly'
  return isOffline() ? 'HF_HUB_OFFLINE' : undefined
}

/** Milliseconds that a server has where its answer is not needed. */
const SHORT_TIMEOUT = 10_000

/** The options for a question whose answer is not needed, as all is cached: who is without a network does not wait long for it. */
export function quickly(options: HubOptions): HubOptions {
  return { ...options, attempts: 1, timeout: Math.min(options.timeout ?? SHORT_TIMEOUT, SHORT_TIMEOUT) }
}

/** Whether a failure says nothing about what is asked for: the server is away, busy, or has a problem of its own. */
export function isServersFault(error: unknown): boolean {
  if (error instanceof HubRequestError) return error.status >= 500 || error.status === 429
  return error instanceof HubConnectionError
}

/** The cache of a repository, and the revision that is asked for, or its commit if {@link RepositoryOptions.commits} knows it. @throws InvalidRepositoryNameError */
export function openCache(repository: string, options: HubOptions): { cache: HubCache; revision: string } {
  const revision = options.revision ?? 'main'
  requireHubId(repository)
  requireRevision(revision)
  const commit = options.commits?.of(repository, revision)
  return { cache: new HubCache(hubCacheFolder(options.cacheDir), repository), revision: commit ?? revision }
}
