/** Reads the JSON files that lie beside weights: `config.json`, `scheduler_config.json`, a checkpoint's index. */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { kindOf } from '../../src/errors/text'
import { recoverFolder } from '../../src/files/leftovers'
import { listFolder, MissingFileError } from '../files/missing-file-error'
import { InvalidConfigError } from './invalid-config-error'

/**
 * The object in a JSON file, with its keys as they are on disk (snake_case).
 *
 * @throws MissingFileError if there is no such file
 * @throws InvalidConfigError if it cannot be read, is no JSON, or is JSON but no object
 */
export async function readConfig(folder: string, fileName: string): Promise<Record<string, unknown>> {
  // A component's folder, or the model's that it lies in.
  recoverFolder(dirname(folder))
  recoverFolder(folder)
  const path = join(folder, fileName)
  const config = parseJson(await readText(folder, fileName), path)
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new InvalidConfigError(path, `expected a JSON object, got ${kindOf(config)}.`)
  }
  return config as Record<string, unknown>
}

async function readText(folder: string, fileName: string): Promise<string> {
  const path = join(folder, fileName)
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new MissingFileError(folder, [fileName], await listFolder(folder))
    }
    throw new InvalidConfigError(path, `cannot be read: ${message}.`, error)
  }
}

// Python writes infinity, a default of some schedulers, as a bare word that JSON does not have.
const BARE_INFINITY = /(?<=:\s*-?)Infinity\b/g

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text.replaceAll(BARE_INFINITY, '1e999'))
  } catch (cause) {
    throw new InvalidConfigError(path, `is no JSON: ${(cause as Error).message}.`, cause)
  }
}
