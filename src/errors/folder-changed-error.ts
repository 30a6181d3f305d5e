/** A folder that changes while it is read. */
import { ModularError } from './modular-error'

/** Somebody saved to a folder while it was read, again and again, or after its index was read: what was read may be a mixture of two saves. */
export class FolderChangedError extends ModularError {
  override readonly code = 'FOLDER_CHANGED'

  constructor(
    /** The folder. */
    readonly folder: string,
    detail = 'changed during every attempt to read it. Load it again once no process writes to it.',
  ) {
    super(`${folder} ${detail}`)
  }
}
