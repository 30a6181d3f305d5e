/** `tesserae create block`: the beginning of a block of one's own. */

import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BLOCK_CONFIG_NAME, formatBlockConfig } from '../src/custom-blocks/block-config'
import { writeFolderAtomically } from '../src/files/write-folder-atomically'
import type { BlockName } from './block-name'
import { newFolder } from './new-folder'
import { packageFolder } from './package-folder'
import { packageVersions, withVersions } from './template-versions'

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
  const folder = await newFolder(out)
  const versions = await packageVersions()
  const fill = (text: string) =>
    text
      .replaceAll(PLACEHOLDER.className, name.className)
      .replaceAll(PLACEHOLDER.fieldName, name.fieldName)
      .replaceAll(PLACEHOLDER.packageName, name.packageName)
  await writeFolderAtomically(
    folder,
    async staging => {
      for (const file of await readdir(TEMPLATE)) {
        const text = fill(await readFile(join(TEMPLATE, file), 'utf8'))
        const content = file === 'package.json' ? withVersions(text, versions) : text
        await writeFile(join(staging, HIDDEN.includes(file) ? `.${file}` : file), content)
      }
      const config = formatBlockConfig(BLOCK_CONFIG_NAME, { module: 'block', className: name.className }, {})
      await writeFile(join(staging, BLOCK_CONFIG_NAME), config)
    },
    { markers: ['package.json'] },
  )
  console.log(`${folder}\n\nNext:\n  cd ${JSON.stringify(out)}\n  npm install\n  npm test`)
}
