/** The number of threads that the environment asks for. */
import { InvalidThreadCountError } from './invalid-thread-count-error'

const VARIABLE = 'TESSERAE_THREADS'

/**
 * Returns the number in the environment variable `TESSERAE_THREADS`; undefined if it is not set or empty.
 *
 * @throws InvalidThreadCountError if it is not a whole number of at least 1
 */
export function threadsFromEnvironment(): number | undefined {
  const text = process.env[VARIABLE]
  if (!text) return undefined
  const threads = Number(text)
  if (!(Number.isInteger(threads) && threads >= 1)) {
    throw new InvalidThreadCountError(threads, `environment variable ${VARIABLE}`, text)
  }
  return threads
}
