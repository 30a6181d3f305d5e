/** One safetensors file, checked as a whole before any of its tensors is read. Format: https://github.com/huggingface/safetensors */

import type { FileHandle } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { nearestName } from '../../src/errors/nearest-name'
import { pathOf } from '../../src/files/path-of'
import { openRegularFile } from '../../src/files/read-file'
import { yieldToEventLoop } from '../../src/runtime/time-slice'
import { listFolder, MissingFileError } from '../files/missing-file-error'
import { allocateBytes } from './allocate-bytes'
import { applyScale } from './apply-scale'
import type { SafetensorsCheckpoint, SafetensorsTensor } from './checkpoint'
import { withFloat8Scales } from './float8-scales'
import { wrongDType } from './format-errors'
import { headerLength, requireLengthBytes } from './header-length'
import { cutOff, unopenable } from './open-errors'
import { isPickleName, PickleCheckpointError } from './pickle-checkpoint-error'
import { readFloat32 } from './read-tensor'
import { SafetensorsError } from './safetensors-error'
import { LENGTH_BYTES, parseHeader, type SafetensorsHeader } from './safetensors-header'
import { toFloat32Async } from './weight-dtypes'

/** The most that one read asks of the system, which cannot read 2 GiB or more at once. */
const BYTES_PER_READ = 2 ** 30

/** An open safetensors file. Tensors are read from it one at a time; the file is never in memory as a whole. */
export class SafetensorsFile implements SafetensorsCheckpoint {
  private constructor(
    readonly path: string,
    private handle: FileHandle | undefined,
    private readonly header: SafetensorsHeader,
    /** Names of all tensors of the file, also of the scales that belong to others. */
    readonly storedKeys: ReadonlySet<string>,
  ) {}

  /**
   * Opens a file and checks its header.
   *
   * @throws MissingFileError if there is no such file
   * @throws PickleCheckpointError for a file named like a pickle (`.bin`, `.ckpt`, `.pt` …)
   * @throws SafetensorsError if the header, or the file's length, is not right
   */
  static async open(file: string | URL): Promise<SafetensorsFile> {
    const path = pathOf(file, 'file')
    if (isPickleName(path)) throw new PickleCheckpointError(path)
    const handle = await openForReading(path)
    try {
      const { tensors, metadata } = await readHeader(path, handle)
      const header = { tensors: withFloat8Scales(tensors, path), metadata }
      return new SafetensorsFile(path, handle, header, new Set(tensors.keys()))
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  get keys(): readonly string[] {
    return [...this.header.tensors.keys()]
  }

  /** Text that the writer of the file left in it, e.g. `format` → `pt`. */
  get metadata(): ReadonlyMap<string, string> {
    return this.header.metadata
  }

  info(key: string): SafetensorsTensor {
    const info = this.header.tensors.get(key)
    if (info === undefined) {
      const nearest = nearestName(key, this.header.tensors.keys())
      const detail = `is not in this file.${nearest === undefined ? '' : ` The nearest name is "${nearest}".`}`
      throw new SafetensorsError(this.path, 'missing-tensor', detail, { tensor: key })
    }
    return info
  }

  async readFloat32(key: string): Promise<Float32Array> {
    const info = this.info(key)
    const values = await toFloat32Async(info.dtype, (await this.readBytes(key)).buffer)
    if (values === undefined) throw wrongDType(this.path, key, info.dtype)
    return info.scale === undefined ? values : applyScale(values, await readFloat32(info.scale))
  }

  async readBytes(key: string): Promise<Uint8Array<ArrayBuffer>> {
    const info = this.info(key)
    const { begin } = info
    if (this.handle === undefined) {
      throw new SafetensorsError(this.path, 'closed', 'cannot be read: the file was closed.', { tensor: key })
    }
    const bytes = allocateBytes(info)
    await readFully(this.path, this.handle, bytes, begin)
    return bytes
  }

  async close(): Promise<void> {
    const handle = this.handle
    this.handle = undefined
    await handle?.close()
  }
}

async function openForReading(path: string): Promise<FileHandle> {
  try {
    return await openRegularFile(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new MissingFileError(dirname(path), [basename(path)], await listFolder(dirname(path)))
    }
    throw unopenable(path, error)
  }
}

async function readHeader(path: string, handle: FileHandle): Promise<SafetensorsHeader> {
  const { size, mtimeMs: modified } = await handle.stat()
  requireLengthBytes(path, size)
  const start = new Uint8Array(LENGTH_BYTES)
  await readFully(path, handle, start, 0)
  const header = new Uint8Array(headerLength(path, start, size))
  await readFully(path, handle, header, LENGTH_BYTES)
  // Headers of files that were opened at once are parsed one by one.
  await yieldToEventLoop()
  return parseHeader(header, path, size, { size, modified })
}

async function readFully(path: string, handle: FileHandle, target: Uint8Array, begin: number): Promise<void> {
  let done = 0
  while (done < target.length) {
    const length = Math.min(target.length - done, BYTES_PER_READ)
    const { bytesRead } = await handle.read(target, done, length, begin + done).catch(cause => {
      throw new SafetensorsError(path, 'unreadable', `cannot be read: ${(cause as Error).message}.`, { cause })
    })
    if (bytesRead === 0) throw cutOff(path, begin + done)
    done += bytesRead
  }
}
