/** A folder that changes while it is read. */
import { ModularError } from './modular-error'

/** Each time that a folder was read, somebody saved to it meanwhile: what was read may be a mixture of two saves. */
export class FolderChangedError extends ModularError {
  override readonly code = 'FOLDER_CHANGED'

  constructor(
    /** The folder. */
    readonly folder: string,
  ) {
    super(`${folder} was written to each time that it was read. Load it again once nobody saves to it.`)
  }
}
