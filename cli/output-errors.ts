/** What happens when the output of a command cannot be written. */
import { UnwritableFileError } from '../src/files/unwritable-file-error'
import { printAside } from './print'

/** Handles errors of standard output and standard error, which would end the process with a stack trace. */
export function watchOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever reads the output may have seen enough: `tesserae doctor | head`.
    if (error.code === 'EPIPE') process.exit()
    printAside(`tesserae: ${UnwritableFileError.fromSystemError('standard output', error).message}`)
    process.exit(1)
  })
  // What is said beside the results is no reason to fail, and there is nowhere left to say it.
  process.stderr.on('error', () => undefined)
}
