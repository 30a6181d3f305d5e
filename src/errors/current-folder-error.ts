/** A relative path without a folder that it is relative to. */
import { ModularError } from './modular-error'
import { printableName } from './printable'

/** A path is relative, and the folder that the process works in was removed. */
export class CurrentFolderError extends ModularError {
  override readonly code = 'CURRENT_FOLDER'

  constructor(
    /** The path as it was given. */
    readonly file: string,
    cause: unknown,
  ) {
    super(
      `The path ${printableName(file)} is relative, and the folder that this process works in was removed. ` +
        'Pass an absolute path, or change to a folder that exists, e.g. by process.chdir().',
      { cause },
    )
  }
}
