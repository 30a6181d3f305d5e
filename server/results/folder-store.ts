/** A result store in a folder, which may be on a network drive that many machines share. */
import { lstat, mkdir, readdir, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { makeFolder } from '../../src/files/make-folder'
import { openRegularFile } from '../../src/files/read-file'
import { writeFileAtomically } from '../../src/files/write-file-atomically'
import { pipelineOfId } from '../queue/new-job'
import { ResultStoreError } from './result-errors'
import type { ResultStore, StoredFile } from './result-store'
import { mediaTypeOf, storePath } from './store-path'
import { writeNewFile } from './write-new-file'

/** Codes of errors that say that there is no file. */
const MISSING = new Set(['ENOENT', 'ENOTDIR', 'EISDIR'])

/** Options of a {@link FolderStore}. */
export interface FolderStoreOptions {
  /** Whether a file outlives a loss of power once it is written: to wait for the disk takes milliseconds. Default: true. */
  readonly isDurable?: boolean | undefined
}

/** A folder with a folder for each job. */
export class FolderStore implements ResultStore {
  /** Absolute. */
  readonly folder: string

  private readonly isDurable: boolean

  /** @param folder is made, with those around it, when the first file is written */
  constructor(folder: string, { isDurable = true }: FolderStoreOptions = {}) {
    this.folder = resolve(folder)
    this.isDurable = isDurable
  }

  async put(job: string, key: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.folder, storePath(job, key))
    await this.orFail('written', async () => {
      await mkdir(dirname(path), { recursive: true })
      // A file that is there stays whole until the other is on the disk.
      if (await lstat(path).catch(() => undefined)) await writeFileAtomically(path, [bytes])
      else await writeNewFile(path, bytes, this.isDurable)
    })
  }

  async open(job: string, key: string): Promise<StoredFile | undefined> {
    const path = join(this.folder, storePath(job, key))
    return this.orFail('read', async () => {
      try {
        const handle = await openRegularFile(path)
        const stats = await handle.stat()
        if (!stats.isFile()) {
          await handle.close()
          return undefined
        }
        const stream = Readable.toWeb(handle.createReadStream()) as ReadableStream<Uint8Array> // Node's own type.
        return { stream, mediaType: mediaTypeOf(key), size: stats.size }
      } catch (error) {
        if (MISSING.has((error as NodeJS.ErrnoException).code ?? '')) return undefined
        throw error
      }
    })
  }

  async remove(job: string, key: string): Promise<void> {
    const path = join(this.folder, storePath(job, key))
    await this.orFail('written', () => rm(path, { force: true }))
  }

  async removeJob(job: string): Promise<void> {
    const path = join(this.folder, storePath(job))
    await this.orFail('written', () => rm(path, { recursive: true, force: true }))
  }

  async removeOlderThan(time: number): Promise<string[]> {
    const removed: string[] = []
    for (const name of await readdir(this.folder).catch(() => [])) {
      // The folder may be one in which people keep other things.
      if (pipelineOfId(name) === undefined) continue
      const path = join(this.folder, name)
      const stats = await lstat(path).catch(() => undefined)
      if (!stats?.isDirectory() || stats.mtimeMs >= time) continue
      await this.orFail('written', () => rm(path, { recursive: true, force: true }))
      removed.push(name)
    }
    return removed
  }

  async check(): Promise<void> {
    const probe = join(this.folder, `.probe-${process.pid}`)
    await this.orFail('written', async () => {
      await makeFolder(this.folder)
      await writeFileAtomically(probe, [new Uint8Array(1)])
      await rm(probe, { force: true })
    })
  }

  async close(): Promise<void> {}

  /** @throws ResultStoreError */
  private async orFail<T>(how: 'read' | 'written', action: () => Promise<T>): Promise<T> {
    try {
      return await action()
    } catch (error) {
      const why = (error as Error).message.replace(`${this.folder} cannot be written: `, '').replace(/\.$/, '')
      const advice = 'Name a folder that this process may write.'
      throw new ResultStoreError(`its folder ${this.folder} cannot be ${how}: ${why}. ${advice}`, error)
    }
  }
}
