/** What code of a model's folder may ask for beside its own files: this package, and what is installed here. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { currentFolder } from '../files/current-folder'

/** Modules that are handed to the code as this program has them. */
const provided = new Map<string, () => object>()

/** Packages whose values pass between blocks and framework: both must have the same copy. */
const SHARED = /^(?:@tensorflow\/tfjs.*|reflect-metadata|tsyringe|zod)$/

/** Says what a name of a module stands for in custom code: for `tesserae`, this very copy of it. */
export function provideModule(name: string, load: () => object): void {
  provided.set(name, load)
}

/**
 * Loads a module of Node or of a package: of the project in the process's folder, otherwise of those that Tesserae has. If that folder was removed, only
 * the latter are there.
 */
export function requireOutside(name: string): unknown {
  const own = provided.get(name)
  return own === undefined ? requireFor(name)(name) : own()
}

/** The file that a package is loaded from; `undefined` if it is not installed. */
export function findPackageFile(name: string): string | undefined {
  try {
    return requireFor(name).resolve(name)
  } catch {
    return undefined
  }
}

function requireFor(name: string): NodeRequire {
  const ours = createRequire(__filename)
  const here = currentFolder()
  if (SHARED.test(name) || here === undefined) return ours
  const theirs = createRequire(join(here, 'package.json'))
  try {
    theirs.resolve(name)
    return theirs
  } catch {
    return ours
  }
}
