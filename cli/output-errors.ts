/** What happens when the output of a command cannot be written. */
import { UnwritableFileError } from '../src/files/unwritable-file-error'
import { printAside } from './print'

/** Handles errors of standard output and standard error, which would end the process with a stack trace. */
export function watchOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // The reader of the output may have seen enough: `tesserae doctor | head`.
    if (error.code === 'EPIPE') process.exit()
    printAside(`tesserae: ${UnwritableFileError.fromSystemError('standard output', error).message}`)
    process.exit(1)
  })
  // Messages beside the results must not fail the command, and there is nowhere left to print them.
  process.stderr.on('error', () => undefined)
}
