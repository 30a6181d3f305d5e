/** Finds the programs that a probe starts as processes of their own. */
import { createRequire } from 'node:module'
import { BundledCodeError } from './bundled-code-error'

/**
 * Returns the path of a program beside a file of this package. `require.resolve()` is not an alternative: bundlers replace it.
 *
 * @param file `__filename` of the caller
 * @throws BundledCodeError if the program is not there, as in a bundle
 */
export function probeProgram(file: string, name: string): string {
  try {
    return createRequire(file).resolve(`./${name}`)
  } catch (cause) {
    throw new BundledCodeError(name, file, cause)
  }
}
