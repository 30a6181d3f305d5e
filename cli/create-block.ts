/** `tesserae create block`: the beginning of a block of one's own. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BLOCK_CONFIG_NAME, formatBlockConfig } from '../src/custom-blocks/block-config'
import type { BlockName } from './block-name'
import { packageFolder } from './package-folder'
import { writeTemplate } from './write-template'

/** Options of the command, as commander gives them. */
export interface CreateBlockOptions {
  /** Where to write. Default: a folder named after the block. */
  out?: string
}

const TEMPLATE = join(packageFolder, 'templates', 'block')

/** Files of the template whose names begin with a dot: npm would leave them out of this package. */
const HIDDEN = ['gitignore']

/** The name of the block in the template's files. */
const PLACEHOLDER: BlockName = { packageName: 'my-block', className: 'MyBlock', fieldName: 'myBlock' }

/**
 * Writes the files of a new block into a new folder, as a whole or not at all, and says what to do with them.
 * @throws UnwritableFileError for a folder in which there is something, or that may not be written
 */
export async function createBlock(name: BlockName, { out = name.packageName }: CreateBlockOptions): Promise<void> {
  const fill = (text: string) =>
    text
      .replaceAll(PLACEHOLDER.className, name.className)
      .replaceAll(PLACEHOLDER.fieldName, name.fieldName)
      .replaceAll(PLACEHOLDER.packageName, name.packageName)
  const folder = await writeTemplate(TEMPLATE, out, {
    nameOf: file => (HIDDEN.includes(file) ? `.${file}` : file),
    fill,
    finish: async staging => {
      const config = formatBlockConfig(BLOCK_CONFIG_NAME, { module: 'block', className: name.className }, {})
      await writeFile(join(staging, BLOCK_CONFIG_NAME), config)
    },
  })
  console.log(`${folder}\n\nNext:\n  cd ${JSON.stringify(out)}\n  npm install\n  npm test`)
}
