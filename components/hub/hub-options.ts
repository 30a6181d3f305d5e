/** What every call of the Hub can be told. */
import type { RepositoryOptions } from '../../src/hub/repository-resolver'
import { HubCache } from './hub-cache'
import type { HubClientOptions } from './hub-client'
import { hubCacheFolder, isOffline } from './hub-settings'
import { requireHubId, requireRevision } from './repository-names'

/** Options of a download: where from, where to, and how patiently. */
export type HubOptions = RepositoryOptions & Pick<HubClientOptions, 'attempts' | 'retryDelay' | 'timeout'>

/** Why no server may be asked; `undefined` if it may. */
export function offlineReason(options: HubOptions): 'HF_HUB_OFFLINE' | 'localFilesOnly' | undefined {
  if (options.localFilesOnly) return 'localFilesOnly'
  return isOffline() ? 'HF_HUB_OFFLINE' : undefined
}

/** The cache of a repository, and the revision that is asked for. @throws InvalidRepositoryNameError */
export function openCache(repository: string, options: HubOptions): { cache: HubCache; revision: string } {
  const revision = options.revision ?? 'main'
  requireHubId(repository)
  requireRevision(revision)
  return { cache: new HubCache(hubCacheFolder(options.cacheDir), repository), revision }
}
