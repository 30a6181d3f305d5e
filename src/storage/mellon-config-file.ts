/** The file that tells a node editor of a pipeline's nodes. */

import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MellonConfigError } from '../errors/mellon-config-error'
import { makeFolder } from '../files/make-folder'
import { pathOf } from '../files/path-of'
import { readText } from '../files/read-text'
import { writeFileAtomically } from '../files/write-file-atomically'
import { MELLON_CONFIG_NAME, MellonPipelineConfig } from '../mellon/mellon-pipeline-config'

/** Writes `mellon_pipeline_config.json` into a folder, which is made if need be, and says where it is.
 * @throws UnwritableFileError where a file is in the folder's place, or nothing can be written */
export async function saveMellonConfig(config: MellonPipelineConfig, folder: string | URL): Promise<string> {
  const target = pathOf(folder, 'folder')
  const file = join(target, MELLON_CONFIG_NAME)
  await makeFolder(target)
  await writeFileAtomically(file, [Buffer.from(config.toJsonString())])
  return file
}

/** Reads the configuration of a folder, or a file of that form.
 * @throws MellonConfigError for one that is missing, is not JSON or holds no nodes */
export async function loadMellonConfig(path: string | URL): Promise<MellonPipelineConfig> {
  const place = pathOf(path)
  let file = place
  let text: string
  try {
    if ((await stat(place)).isDirectory()) file = join(place, MELLON_CONFIG_NAME)
    text = await readText(file)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const problem =
      code === 'ENOENT' ? `not found. It is a folder with ${MELLON_CONFIG_NAME}, or such a file.` : message
    throw new MellonConfigError(file, problem, cause)
  }
  return MellonPipelineConfig.fromJsonString(text, file)
}
