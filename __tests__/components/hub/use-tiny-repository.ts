/** A repository of two files on a server that the tests command, and an empty cache for its downloads. */
import { join } from 'node:path'
import { hubDownload } from '../../../components'
import type { HubOptions } from '../../../components/hub/hub-options'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { useHubEnvironment } from './hub-environment'
import { useHubServer } from './hub-server'

export const weights = Buffer.alloc(300_000, 'weights of a model, ')
export const files = { 'config.json': '{"a": 1}\n', 'unet/model.safetensors': weights }

export function useTinyRepository() {
  const folder = useTemporaryFolder()
  const server = useHubServer()
  useHubEnvironment(folder)
  /** The place of the repository in the cache. */
  const hub = (): string => join(folder(), 'hub', 'models--org--tiny')
  const options = (more: HubOptions = {}): HubOptions => ({
    endpoint: server().endpoint,
    retryDelay: 1,
    attempts: 3,
    timeout: 30_000,
    ...more,
  })
  const download = (file: string, more?: HubOptions) => hubDownload('org/tiny', file, options(more))
  return { folder, server, hub, options, download }
}
