/** A folder that holds the files of two saves. */
import { ModularError } from './modular-error'

/** A process that replaced the files of a folder one by one ended before it had replaced them all. */
export class UnfinishedSaveError extends ModularError {
  override readonly code = 'UNFINISHED_SAVE'

  constructor(
    /** The folder. */
    readonly folder: string,
    /** The file that marks it. */
    readonly mark: string,
  ) {
    super(
      `${folder} holds files of two saves: the process that replaced them stopped before it had finished. ` +
        `Save to the folder again, or remove the file ${mark} to load it as it is.`,
    )
  }
}
