/** Files that cannot be written. */
import { dirname } from 'node:path'
import { ModularError } from '../errors/modular-error'

/** Why a file cannot be written. */
export type UnwritableReason =
  | 'missing-folder'
  | 'is-folder'
  | 'is-file'
  | 'not-empty'
  | 'no-permission'
  | 'no-space'
  | 'unknown-format'
  | 'failed'

/** A file or folder could not be written; what was there before, if anything, is still there. */
export class UnwritableFileError extends ModularError {
  override readonly code = 'UNWRITABLE_FILE'

  constructor(
    /** The file or folder that should have been written. */
    readonly file: string,
    /** The kind of problem. */
    readonly reason: UnwritableReason,
    detail: string,
    cause?: unknown,
  ) {
    super(`${file} cannot be written: ${detail}`, { cause })
  }

  /** The error for whatever has gone wrong while a file was written: errors that are not the file system's stay as they are. */
  static from(file: string, error: unknown): unknown {
    const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException
    const isSystemError = typeof code === 'string' && typeof syscall === 'string'
    return isSystemError ? UnwritableFileError.fromSystemError(file, error) : error
  }

  /** The error for what the file system answered. */
  static fromSystemError(file: string, cause: unknown): UnwritableFileError {
    const { code, message } = cause as NodeJS.ErrnoException
    const folder = dirname(file)
    switch (code) {
      case 'ENOENT':
        return new UnwritableFileError(file, 'missing-folder', `there is no folder ${folder}. Create it first.`, cause)
      case 'ENOTDIR': {
        const detail = `a part of the path ${folder} is a file. Pass a path of folders.`
        return new UnwritableFileError(file, 'missing-folder', detail, cause)
      }
      case 'EISDIR':
        return new UnwritableFileError(file, 'is-folder', 'this is a folder. Pass the path of a file.', cause)
      case 'EACCES':
      case 'EPERM':
      case 'EROFS':
        return new UnwritableFileError(file, 'no-permission', `no permission to write in the folder ${folder}.`, cause)
      case 'ENOSPC':
      case 'EDQUOT':
        return new UnwritableFileError(file, 'no-space', 'the disk is full.', cause)
      case 'ENAMETOOLONG':
        return new UnwritableFileError(file, 'failed', 'the name is too long. Give a shorter one.', cause)
      default:
        return new UnwritableFileError(file, 'failed', `${message}.`, cause)
    }
  }
}
