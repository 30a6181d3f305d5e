/** Opens the result store that a command line or a configuration names. */

import { FolderStore } from './folder-store'
import { ResultStoreError } from './result-errors'
import type { ResultStore } from './result-store'
import { S3Store } from './s3-store'

/**
 * Opens a store by its place: a folder, or `s3://bucket/prefix`, with `?endpoint=http://localhost:9000&region=eu-west-1` where the environment does not
 * name them. Credentials come from the environment.
 *
 * @throws ResultStoreError for a place that is none
 */
export function openResultStore(place: string): ResultStore {
  if (!/^[a-z0-9]+:\/\//i.test(place)) return new FolderStore(place)
  if (!place.startsWith('s3://') || !URL.canParse(place)) {
    throw new ResultStoreError(`"${place}" is not a place for results. Name a folder, or s3://bucket/prefix.`)
  }
  const { host, pathname, searchParams } = new URL(place)
  for (const name of searchParams.keys()) {
    if (name === 'endpoint' || name === 'region') continue
    throw new ResultStoreError(`"${name}" is not a setting of s3://bucket/prefix. Set endpoint or region.`)
  }
  const [endpoint, region] = [searchParams.get('endpoint') ?? undefined, searchParams.get('region') ?? undefined]
  return new S3Store({ bucket: host, prefix: pathname.replace(/^\/+|\/+$/g, ''), endpoint, region })
}
