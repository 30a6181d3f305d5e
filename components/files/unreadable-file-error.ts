/** Files that are there and cannot be read. */
import { ModularError } from '../../src/errors/modular-error'

/** A file or folder could not be read. */
export class UnreadableFileError extends ModularError {
  override readonly code = 'UNREADABLE_FILE'

  constructor(
    /** Path of the file. */
    readonly file: string,
    detail: string,
    cause?: unknown,
  ) {
    super(`${file} cannot be read: ${detail}`, { cause })
  }

  /** The error for what the file system answered. */
  static fromSystemError(file: string, cause: unknown): UnreadableFileError {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ELOOP')
      return new UnreadableFileError(file, 'it is a broken link. Remove or fix it.', cause)
    if (code === 'EACCES' || code === 'EPERM') return new UnreadableFileError(file, 'no permission to read it.', cause)
    return new UnreadableFileError(file, `${message}.`, cause)
  }
}
