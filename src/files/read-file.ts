/** Reads whole files of unknown origin: regular files only, and no more bytes than the caller allows. */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'

/** Opening a named pipe must not wait for its other end. Windows has no such flag. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/** The first buffer for files that state no size, such as those of `/proc`. */
const SMALLEST_BUFFER = 4096

/** A path leads to something that is not a regular file, or to a file that is too large. */
export class UnfitFileError extends Error {
  override readonly name = 'UnfitFileError'
}

/**
 * Opens a regular file for reading. Devices, pipes and sockets are refused before they are opened, and again once they are open: another process may
 * have replaced the file in between.
 *
 * @throws UnfitFileError for anything but a regular file; the file system's error
 */
export async function openRegularFile(path: string): Promise<FileHandle> {
  requireRegular(await stat(path))
  const handle = await open(path, FLAGS)
  try {
    requireRegular(await handle.stat())
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Opens a regular file as {@link openRegularFile} does, synchronously. The caller closes the descriptor. */
export function openRegularFileSync(path: string): number {
  requireRegular(statSync(path))
  const descriptor = openSync(path, FLAGS)
  try {
    requireRegular(fstatSync(descriptor))
    return descriptor
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

/**
 * Reads a whole file.
 *
 * @param most bytes that the file may have
 * @throws UnfitFileError for anything but a regular file of at most that size; the file system's error
 */
export async function readFileBytes(path: string, most: number): Promise<Buffer> {
  const handle = await openRegularFile(path)
  try {
    const content = new ReadBytes((await handle.stat()).size, most)
    for (;;) {
      const { bytesRead } = await handle.read(content.free, 0, content.free.length, content.length)
      if (!content.add(bytesRead)) return content.bytes
    }
  } finally {
    await handle.close()
  }
}

/** Reads a whole file as {@link readFileBytes} does, synchronously. */
export function readFileBytesSync(path: string, most: number): Buffer {
  const descriptor = openRegularFileSync(path)
  try {
    const content = new ReadBytes(fstatSync(descriptor).size, most)
    for (;;) {
      const bytesRead = readSync(descriptor, content.free, 0, content.free.length, content.length)
      if (!content.add(bytesRead)) return content.bytes
    }
  } finally {
    closeSync(descriptor)
  }
}

/** The bytes that are read so far. The stated size is only a first guess: files grow, and those of `/proc` state none. */
class ReadBytes {
  length = 0
  private buffer: Buffer

  constructor(
    size: number,
    private readonly most: number,
  ) {
    if (size > most) throw fileTooLarge(size, most)
    // One byte more, so that the read after the last byte finds the end.
    this.buffer = Buffer.allocUnsafe(Math.max(size + 1, SMALLEST_BUFFER))
  }

  get free(): Buffer {
    return this.buffer.subarray(this.length)
  }

  get bytes(): Buffer {
    return this.buffer.subarray(0, this.length)
  }

  /** Counts bytes that were read; `false` at the end of the file. */
  add(count: number): boolean {
    this.length += count
    if (this.length > this.most) throw fileTooLarge(this.length, this.most)
    if (count > 0 && this.length === this.buffer.length) {
      const larger = Buffer.allocUnsafe(Math.min(2 * this.length, this.most + 1))
      this.buffer.copy(larger)
      this.buffer = larger
    }
    return count > 0
  }
}

/** The system itself says what is wrong with a folder. */
function requireRegular(stats: Stats): void {
  if (!stats.isFile() && !stats.isDirectory()) throw new UnfitFileError('this is a device, a pipe or a socket')
}

function fileTooLarge(size: number, most: number): UnfitFileError {
  return new UnfitFileError(`it has ${size} bytes or more, but at most ${most} are read`)
}
