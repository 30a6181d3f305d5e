/** The base of every error that Tesserae raises on purpose. */
import { printableMessage } from './printable'

/** What every {@link ModularError} can carry besides its text. */
export interface ModularErrorOptions {
  /** The error that led to this one. */
  cause?: unknown
  /** The path of blocks, outermost first, e.g. `['denoise', 'predictNoise']`. */
  path?: readonly string[]
}

/**
 * Base class of all of Tesserae's errors. One subclass stands for one kind of failure; `code` names the kind in
 * a form that survives minifying and crossing process borders.
 */
export abstract class ModularError extends Error {
  /** The kind of failure, in capitals, e.g. `MISSING_INPUT`. */
  abstract readonly code: string
  /** Where it happened: names of blocks, outermost first; empty outside a pipeline. */
  readonly path: readonly string[]
  /** Whether the path is known; an empty one then means the outermost block. */
  readonly isLocated: boolean

  /** @param message may repeat text of files and servers: control characters are escaped, and a very long one is truncated */
  constructor(message: string, options: ModularErrorOptions = {}) {
    super(printableMessage(message), options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.path = options.path ?? []
    this.isLocated = options.path !== undefined
  }
}
