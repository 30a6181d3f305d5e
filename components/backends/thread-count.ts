/** How many threads are asked for. */
import { InvalidThreadCountError } from './invalid-thread-count-error'

const VARIABLE = 'TESSERAE_THREADS'

/**
 * Returns the number that an option gives, otherwise that of the environment variable `TESSERAE_THREADS`; undefined if it is not set or empty.
 *
 * @throws InvalidThreadCountError if it is not a whole number of at least 1
 */
export function threadCount(option: number | undefined): number | undefined {
  if (option !== undefined) return checked(option)
  const text = process.env[VARIABLE]
  return text ? checked(Number(text), `environment variable ${VARIABLE}`, text) : undefined
}

function checked(threads: number, source?: string, text?: string): number {
  if (Number.isInteger(threads) && threads >= 1) return threads
  throw new InvalidThreadCountError(threads, source, text)
}
