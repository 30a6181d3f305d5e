/** A folder of graphs that the runtime has optimised, for the next process that needs the same. */

import { createHash, randomUUID } from 'node:crypto'
import { mkdir, rename, rm } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { absolutePath } from '../../../src/files/absolute-path'
import { readFileBytes } from '../../../src/files/read-file'

/** What an optimised graph depends on, beside the graph itself. */
export interface OptimizedModelKey {
  /** What the runtime is asked for. */
  options: object
  /** The weights, part of which the runtime computes with in advance. */
  weights: readonly object[]
}

/** Bytes that the file of a graph may have: the format of ONNX, Protocol Buffers, allows no more. */
export const LARGEST_FILE = 2 ** 31 - 1

/** A file that is being written. */
interface UnfinishedFile {
  temporary: string
  finish(): Promise<void>
  remove(): Promise<void>
}

/** Reads and keeps optimised graphs. What goes wrong with the folder costs time alone, so nothing of it is an error. */
export class OptimizedModels {
  private readonly folder: string

  /** @param version - of the package that optimises */
  constructor(
    folder: string,
    private readonly version: string,
  ) {
    // The runtime's process has another current folder.
    this.folder = absolutePath(folder)
  }

  /** The file of a graph. */
  fileOf(model: Uint8Array, key: OptimizedModelKey): string {
    const hash = createHash('sha256').update(model)
    // Some optimisations are for one kind of processor.
    hash.update(JSON.stringify([this.version, key, process.arch, cpus()[0]?.model]))
    return join(this.folder, `${hash.digest('hex')}.onnx`)
  }

  /** The optimised graph, if it exists. */
  async read(file: string): Promise<Uint8Array | undefined> {
    try {
      return await readFileBytes(file, LARGEST_FILE)
    } catch {
      return undefined
    }
  }

  /** Where the runtime is to write a graph, a function that gives the file its name when it is complete, and one that removes what is not. */
  async write(file: string): Promise<UnfinishedFile | undefined> {
    // Threads of one process may write the same graph at once.
    const temporary = `${file}.${randomUUID()}.tmp`
    try {
      await mkdir(this.folder, { recursive: true })
    } catch {
      return undefined
    }
    const remove = () => rm(temporary, { force: true }).catch(() => undefined)
    const finish = () => rename(temporary, file).catch(remove)
    return { temporary, finish, remove }
  }
}
