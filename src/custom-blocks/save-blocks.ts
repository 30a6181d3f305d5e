/** Describes blocks for others to load. Counterpart: ModularPipelineBlocks.save_pretrained of diffusers. */

import { join } from 'node:path'
import type { Requirements } from '../composition/join-requirements'
import { makeFolder } from '../files/make-folder'
import { writeFileAtomically } from '../files/write-file-atomically'
import { classNameOf } from '../format/class-name'
import { BLOCK_CONFIG_NAME, formatBlockConfig } from './block-config'
import { readRequirements } from './check-requirements'

/** Options of saving blocks. */
export interface SaveBlocksOptions {
  /** Path of the compiled module without its ending, from the folder, with `/`. Default: `block`, for `block.js`. */
  module?: string | undefined
}

/** Writes `modular_config.json` into a folder, which is made if need be, and says where it is.
 * @throws InvalidRequirementsError, BlockConfigError, UnwritableFileError */
export async function saveBlocks(
  blocks: { readonly requirements: Requirements },
  folder: string,
  { module = 'block' }: SaveBlocksOptions = {},
): Promise<string> {
  const className = classNameOf(blocks)
  const file = join(folder, BLOCK_CONFIG_NAME)
  const text = formatBlockConfig(file, { module, className }, readRequirements(blocks.requirements, className))
  await makeFolder(folder)
  await writeFileAtomically(file, [Buffer.from(text)])
  return file
}
