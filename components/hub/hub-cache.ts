/** The folder that downloads are in, shared with Python. Counterpart: huggingface_hub file_download.py and _tree_cache.py. */
import { existsSync } from 'node:fs'
import { copyFile, link, lstat, mkdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { z } from 'zod'
import { isContainedPath } from '../../src/files/contained-path'
import { clearLeftovers, temporaryBeside } from '../../src/files/leftovers'
import { makeFolder } from '../../src/files/make-folder'
import { readTextSync } from '../../src/files/read-text'
import { syncToDisk } from '../../src/files/sync-to-disk'
import { UnwritableFileError } from '../../src/files/unwritable-file-error'
import { writeFileAtomically } from '../../src/files/write-file-atomically'
import { parseJson } from '../../src/format/parse-json'
import type { TextLimits } from '../../src/format/text-limits'
import { isWithoutSymlinks } from './hub-settings'
import { isCommit } from './repository-names'

/** What is known of a file of a repository. */
export interface HubFile {
  readonly path: string
  /** Bytes; `undefined` where the server does not say. */
  readonly size: number | undefined
  /** Names the content: its SHA-256 for large files, otherwise its git hash. */
  readonly etag: string
}

/** The list of a commit's files: 100,000 of them, which the Hub advises to stay below, have some 25 MB. A longer list is asked for again. */
const TREE: TextLimits = { bytes: 32 * 2 ** 20, values: 1_500_000 }

const treeSchema = z.object({
  format_version: z.literal(1),
  files: z.record(
    z.string().refine(isContainedPath),
    z.object({
      size: z.number(),
      blob_id: z.string(),
      lfs_sha256: z.string().nullish(),
      lfs_size: z.number().nullish(),
    }),
  ),
})

/** Systems refuse links in different words. */
const NO_LINKS = ['EPERM', 'EACCES', 'ENOSYS', 'ENOTSUP', 'EINVAL', 'EMLINK', 'EXDEV', 'UNKNOWN']

const TAG = 'Signature: 8a477f597d28d172789f06886806bc55\n# This folder is a cache: see https://bford.info/cachedir/\n'

/** The part of the cache that belongs to one repository. */
export class HubCache {
  /** `models--org--name`. */
  readonly folder: string
  /** Lists that were read: one of 200,000 files takes a second. */
  private readonly trees = new Map<string, HubFile[]>()

  constructor(
    /** Folder of the whole cache. */
    readonly root: string,
    readonly repository: string,
  ) {
    this.folder = join(root, `models--${repository.replaceAll('/', '--')}`)
  }

  /** The commit that a revision stood for when it was asked for last; `undefined` if it was never. */
  commitOf(revision: string): string | undefined {
    if (isCommit(revision)) return revision
    const commit = readIfThere(join(this.folder, 'refs', revision))?.trim()
    return commit !== undefined && isCommit(commit) ? commit : undefined
  }

  /** Folder with the files of a commit. */
  snapshot(commit: string): string {
    return join(this.folder, 'snapshots', commit)
  }

  /** Where a file of a commit lies. */
  pointer(commit: string, file: string): string {
    return join(this.snapshot(commit), ...file.split('/'))
  }

  /** Whether a file of a commit is there. */
  has(commit: string, file: string): boolean {
    return existsSync(this.pointer(commit, file))
  }

  /** Whether it is known that a commit has no such file. */
  lacks(commit: string, file: string): boolean {
    return existsSync(join(this.folder, '.no_exist', commit, file))
  }

  /** Where the content of a file lies, under its etag. */
  blob(etag: string): string {
    return join(this.folder, 'blobs', etag)
  }

  /** The lock for fetching that content. Not the name of Python's, which only the system call for locks can tell to be free. */
  lock(etag: string): string {
    return join(this.root, '.locks', `models--${this.repository.replaceAll('/', '--')}`, `${etag}.tesserae.lock`)
  }

  /** The files of a commit, if they have been listed before. */
  tree(commit: string): HubFile[] | undefined {
    const known = this.trees.get(commit)
    if (known !== undefined) return known
    const text = readIfThere(join(this.folder, 'trees', `${commit}.json`), TREE.bytes)
    if (text === undefined) return undefined
    const parsed = treeSchema.safeParse(parseTree(text))
    if (!parsed.success) return undefined
    const files = Object.entries(parsed.data.files).map(([path, entry]) => ({
      path,
      size: entry.lfs_size ?? entry.size,
      etag: entry.lfs_sha256 ?? entry.blob_id,
    }))
    this.trees.set(commit, files)
    return files
  }

  /** Keeps the list of a commit's files. @throws UnwritableFileError */
  async saveTree(commit: string, files: Readonly<Record<string, object>>): Promise<void> {
    const sorted = Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)))
    await this.write(join('trees', `${commit}.json`), JSON.stringify({ format_version: 1, files: sorted }, null, 2))
  }

  /** Keeps which commit a revision stands for. @throws UnwritableFileError */
  async saveRevision(revision: string, commit: string): Promise<void> {
    if (revision === commit || this.commitOf(revision) === commit) return
    await this.write(join('refs', revision), commit)
  }

  /** Keeps that a commit has no such file. @throws UnwritableFileError */
  async saveLack(commit: string, file: string): Promise<void> {
    if (!this.lacks(commit, file)) await this.write(join('.no_exist', commit, file), '')
  }

  /** Marks the folder as a cache, for backups to leave out. */
  async tag(): Promise<void> {
    const file = join(this.root, 'CACHEDIR.TAG')
    if (existsSync(file)) return
    await mkdir(this.root, { recursive: true }).catch(() => undefined)
    await writeFile(file, TAG, { flag: 'wx' }).catch(() => undefined)
  }

  /** Shows a content under the name that it has in a commit: by a link, or a copy where there can be none. @throws UnwritableFileError */
  async point(commit: string, file: string, etag: string): Promise<void> {
    const pointer = this.pointer(commit, file)
    const blob = this.blob(etag)
    const folder = dirname(pointer)
    const target = relative(folder, blob)
    if ((await readlink(pointer).catch(() => undefined)) === target) return
    const temporary = temporaryBeside(pointer)
    try {
      await mkdir(folder, { recursive: true })
      await clearLeftovers(folder)
      await show(blob, target, temporary)
      await rename(temporary, pointer)
    } catch (error) {
      throw UnwritableFileError.from(pointer, error)
    } finally {
      await rm(temporary, { force: true }).catch(() => undefined)
    }
  }

  private async write(name: string, text: string): Promise<void> {
    const file = join(this.folder, name)
    await makeFolder(dirname(file))
    await writeFileAtomically(file, [Buffer.from(text)])
  }
}

/** Gives a content another name. A second name for the file itself takes no room, where a link by name is not allowed. */
async function show(blob: string, target: string, path: string): Promise<void> {
  if (!isWithoutSymlinks() && (await isAllowed(() => symlink(target, path))) && (await lstat(path)).isSymbolicLink())
    return
  await rm(path, { force: true })
  if (await isAllowed(() => link(blob, path))) return
  await copyFile(blob, path)
  await syncToDisk(path)
}

async function isAllowed(makeLink: () => Promise<void>): Promise<boolean> {
  try {
    await makeLink()
    return true
  } catch (error) {
    if (NO_LINKS.includes(String((error as NodeJS.ErrnoException).code))) return false
    throw error
  }
}

function readIfThere(file: string, most?: number): string | undefined {
  try {
    return readTextSync(file, most)
  } catch {
    return undefined
  }
}

function parseTree(text: string): unknown {
  try {
    return parseJson(text, TREE.values)
  } catch {
    return undefined
  }
}
