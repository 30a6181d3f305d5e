/** Files that are not where they should be. */
import { readdirSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { ModularError } from '../../src/errors/modular-error'
import { shownNames } from '../../src/errors/text'

/** None of the files that would do is in the folder, or there is no such folder. */
export class MissingFileError extends ModularError {
  override readonly code = 'MISSING_FILE'

  constructor(
    /** Where was looked. */
    readonly folder: string,
    /** The names of the files of which one was needed. */
    readonly lookedFor: readonly string[],
    /** The names that the folder holds; `undefined` if there is no such folder. */
    readonly found: readonly string[] | undefined,
    advice = '',
  ) {
    const wanted = lookedFor.map(name => `"${name}"`).join(' or ')
    super(`${folder}: looked for ${wanted}. ${stateOf(lookedFor, found)}${advice === '' ? '' : ` ${advice}`}`)
  }
}

/** What was found instead. */
function stateOf(lookedFor: readonly string[], found: readonly string[] | undefined): string {
  if (found === undefined) return 'There is no such folder.'
  // Its name is there, and what it stands for is not.
  const broken = lookedFor.find(name => found.includes(name))
  if (broken !== undefined) return `"${broken}" is a broken link. Remove or fix it.`
  return found.length === 0 ? 'The folder is empty.' : `The folder holds ${shownNames(found)}.`
}

/** The sorted names in a folder, or `undefined` if it is not a readable folder. */
export async function listFolder(folder: string): Promise<string[] | undefined> {
  try {
    return (await readdir(folder)).sort()
  } catch {
    return undefined
  }
}

/** The names as {@link listFolder} gives them, synchronously. */
export function listFolderSync(folder: string): string[] | undefined {
  try {
    return readdirSync(folder).sort()
  } catch {
    return undefined
  }
}
