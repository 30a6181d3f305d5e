/** The code that a folder holds, read once: what is shown, what is trusted and what runs are the same bytes. */
import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CustomCodeError } from '../errors/custom-code-error'
import { readText } from '../files/read-text'
import { CODE_BYTES } from '../format/text-limits'

/** Whether a file of a folder is code that could run, by its path with `/`: that of packages and of tools is not. */
export function isCodeFile(path: string): boolean {
  return /\.c?js$/.test(path) && !path.split('/').some(isForeign)
}

function isForeign(name: string): boolean {
  return name === 'node_modules' || name.startsWith('.')
}

/** The files of code of a folder. */
export class CodeFiles {
  private constructor(
    readonly folder: string,
    /** Path with `/` → text, sorted by path. */
    readonly texts: ReadonlyMap<string, string>,
    /** Identifies the code and its description: `sha256:` and 64 digits. */
    readonly digest: string,
  ) {}

  /**
   * @param description the file that says what of the code is to be run: it belongs to what is trusted
   * @throws CustomCodeError for files that cannot be read, or are too large
   */
  static async read(folder: string, description: string): Promise<CodeFiles> {
    const texts = new Map<string, string>()
    const hash = createHash('sha256').update(description)
    let bytes = 0
    for (const path of await codeIn(folder)) {
      const text = await readCode(join(folder, path))
      const size = Buffer.byteLength(text)
      bytes += size
      if (bytes > CODE_BYTES) {
        throw new CustomCodeError(
          folder,
          `there are more than ${CODE_BYTES} bytes of code. Is this a folder of blocks?`,
        )
      }
      texts.set(path, text)
      hash.update(`\0${path}\0${size}\0`).update(text)
    }
    return new CodeFiles(folder, texts, `sha256:${hash.digest('hex')}`)
  }

  /** Sizes in bytes, by path. */
  get sizes(): ReadonlyMap<string, number> {
    return new Map([...this.texts].map(([path, text]) => [path, Buffer.byteLength(text)]))
  }
}

async function readCode(file: string): Promise<string> {
  try {
    return await readText(file, CODE_BYTES)
  } catch (cause) {
    throw new CustomCodeError(file, `cannot be read: ${(cause as Error).message}.`, cause)
  }
}

async function codeIn(folder: string, prefix = ''): Promise<string[]> {
  const found: string[] = []
  for (const entry of await readdir(join(folder, prefix), { withFileTypes: true })) {
    const path = prefix + entry.name
    if (isForeign(entry.name)) continue
    // Links to folders are not followed: they may lead back, or to all that there is on this machine.
    if (entry.isDirectory()) found.push(...(await codeIn(folder, `${path}/`)))
    // Links to files are: the folders of the cache are made of them.
    else if (isCodeFile(path) && (await stat(join(folder, path)).catch(() => undefined))?.isFile()) found.push(path)
  }
  return found.sort()
}
