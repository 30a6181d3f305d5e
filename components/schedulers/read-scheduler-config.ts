/** Reads `scheduler_config.json`. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InvalidConfigError } from '../checkpoints/invalid-config-error'
import { readConfig } from '../checkpoints/read-config'

/** The file that a scheduler's settings lie in. */
export const SCHEDULER_CONFIG_NAME = 'scheduler_config.json'

/**
 * The settings in a scheduler's folder. Python writes infinity, the default of `lambda_min_clipped`, as a bare word that JSON does not
 * have; it is read all the same.
 *
 * @throws MissingFileError, InvalidConfigError
 */
export async function readSchedulerConfig(folder: string): Promise<Record<string, unknown>> {
  try {
    return await readConfig(folder, SCHEDULER_CONFIG_NAME)
  } catch (error) {
    if (!(error instanceof InvalidConfigError && error.cause instanceof SyntaxError)) throw error
    const text = await readFile(join(folder, SCHEDULER_CONFIG_NAME), 'utf8')
    try {
      return JSON.parse(text.replaceAll(/(?<=:\s*-?)Infinity\b/g, '1e999')) as Record<string, unknown>
    } catch {
      throw error
    }
  }
}
