/** Writes the files of a template of this package into a new folder. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFolderAtomically } from '../src/files/write-folder-atomically'
import { newFolder } from './new-folder'
import { packageFolder } from './package-folder'

/** How the files of a template become those of a project. */
export interface TemplateOptions {
  /** Returns the name of a file in the project. */
  readonly nameOf: (file: string) => string
  /** Returns the text of a file in the project. Default: that of the template. */
  readonly fill?: (text: string) => string
  /** Writes what is not in the template. */
  readonly finish?: (folder: string) => Promise<void>
}

/**
 * Writes a project as a whole or not at all. Its package.json names the dependencies in the versions that are known to work, or later compatible ones.
 *
 * @returns the path of the folder
 * @throws UnwritableFileError for a folder that is not empty, or that may not be written
 */
export async function writeTemplate(template: string, out: string, options: TemplateOptions): Promise<string> {
  const { nameOf, fill = text => text, finish } = options
  const folder = await newFolder(out)
  const versions = await packageVersions()
  await writeFolderAtomically(
    folder,
    async staging => {
      for (const file of await readdir(template)) {
        const [name, text] = [nameOf(file), fill(await readFile(join(template, file), 'utf8'))]
        await writeFile(join(staging, name), name === 'package.json' ? withVersions(text, versions) : text)
      }
      await finish?.(staging)
    },
    { markers: ['package.json'] },
  )
  return folder
}

/** The versions of this package and of its tools, by name. */
async function packageVersions(): Promise<Readonly<Record<string, string>>> {
  const manifest = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8'))
  return { ...manifest.devDependencies, tesserae: manifest.version }
}

/** The text of a package.json with these versions. */
function withVersions(text: string, versions: Readonly<Record<string, string>>): string {
  const manifest = JSON.parse(text)
  for (const list of [manifest.dependencies, manifest.peerDependencies, manifest.devDependencies]) {
    for (const name of Object.keys(list ?? {})) list[name] = `^${versions[name]}`
  }
  return `${JSON.stringify(manifest, undefined, 2)}\n`
}
