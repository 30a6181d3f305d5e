/** Reads the config of a component that may be in a repository. */
import { join } from 'node:path'
import { resolveRepository } from '../../src/hub/repository-resolver'
import type { FromPretrainedOptions } from '../../src/params/component-class'
import type { RawConfig } from './parse-config'
import { readConfig } from './read-config'

/** A config, and where it was read from. */
export interface FetchedConfig {
  /** Its keys are as they are in the file. */
  readonly config: RawConfig
  readonly folder: string
  readonly file: string
}

/**
 * Reads a config from a folder, or from a repository, of which that file alone is fetched.
 *
 * @throws MissingFileError, InvalidConfigError; what fetching a repository throws; the reason of `options.signal`
 */
export async function fetchConfig(
  path: string | URL,
  fileName: string,
  options: FromPretrainedOptions,
): Promise<FetchedConfig> {
  const { subfolder, signal } = options
  const top = await resolveRepository(path, { subfolder, files: [fileName] }, options)
  const folder = subfolder === undefined ? top : join(top, subfolder)
  signal?.throwIfAborted()
  return { config: await readConfig(folder, fileName), folder, file: join(folder, fileName) }
}
