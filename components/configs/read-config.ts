/** Reads the JSON files that are beside weights: `config.json`, `scheduler_config.json`, a checkpoint's index. */
import { dirname, join } from 'node:path'
import { kindOf } from '../../src/errors/text'
import { recoverFolder } from '../../src/files/leftovers'
import { lfsAdvice } from '../../src/files/lfs-pointer'
import { readText } from '../../src/files/read-text'
import { parseJson } from '../../src/format/parse-json'
import { SETTINGS, type TextLimits } from '../../src/format/text-limits'
import { listFolder, MissingFileError } from '../files/missing-file-error'
import { InvalidConfigError } from './invalid-config-error'

/**
 * The object in a JSON file, with its keys as they are on disk (snake_case).
 *
 * @param limits how much the file may hold
 * @throws MissingFileError if there is no such file
 * @throws InvalidConfigError if it cannot be read, is not JSON, or is JSON but not an object
 */
export async function readConfig(
  folder: string,
  fileName: string,
  limits: TextLimits = SETTINGS,
): Promise<Record<string, unknown>> {
  // A component's folder, or the model's that it is in.
  recoverFolder(dirname(folder))
  recoverFolder(folder)
  const path = join(folder, fileName)
  const config = parse(await read(folder, fileName, limits), path, limits)
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new InvalidConfigError(path, `expected a JSON object, got ${kindOf(config)}.`)
  }
  return config as Record<string, unknown>
}

async function read(folder: string, fileName: string, { bytes }: TextLimits): Promise<string> {
  const path = join(folder, fileName)
  try {
    return await readText(path, bytes)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new MissingFileError(folder, [fileName], await listFolder(folder))
    }
    throw new InvalidConfigError(path, `cannot be read: ${message}.`, error)
  }
}

function parse(text: string, path: string, { values }: TextLimits): unknown {
  try {
    return parseJson(text, values)
  } catch (cause) {
    throw new InvalidConfigError(path, `is not JSON: ${lfsAdvice(text) ?? `${(cause as Error).message}.`}`, cause)
  }
}
