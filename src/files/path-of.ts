/** Paths as callers give them. */

import { fileURLToPath } from 'node:url'
import { InputTypeError } from '../errors/input-type-error'
import { absolutePath } from './absolute-path'
import { statIfThere } from './stat-if-there'

/**
 * A path as text: a `file:` URL is converted, a text stays as it is.
 *
 * @param input name of the parameter, for the error
 * @throws InputTypeError for a URL of another kind
 */
export function pathOf(path: string | URL, input = 'path'): string {
  if (!(path instanceof URL)) return path
  try {
    return fileURLToPath(path)
  } catch {
    throw new InputTypeError({
      path: [],
      input,
      kind: 'argument',
      expected: 'a URL must be one of a local file (file:)',
      value: path.href,
    })
  }
}

/** The absolute path of what is there, so that it stays the same place when the process changes its folder. Other texts stay as they are. */
export function absoluteIfThere(path: string): string {
  return statIfThere(path) === undefined ? path : absolutePath(path)
}
