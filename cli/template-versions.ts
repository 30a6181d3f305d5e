/** The versions that package.json files of templates ask for. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packageFolder } from './package-folder'

/** Returns the versions of this package and of its tools, by name. */
export async function packageVersions(): Promise<Readonly<Record<string, string>>> {
  const manifest = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8'))
  return { ...manifest.devDependencies, tesserae: manifest.version }
}

/** Returns the text of a package.json with dependencies in the versions that are known to work, or later compatible ones. */
export function withVersions(text: string, versions: Readonly<Record<string, string>>): string {
  const manifest = JSON.parse(text)
  for (const list of [manifest.dependencies, manifest.peerDependencies, manifest.devDependencies]) {
    for (const name of Object.keys(list ?? {})) list[name] = `^${versions[name]}`
  }
  return `${JSON.stringify(manifest, undefined, 2)}\n`
}
