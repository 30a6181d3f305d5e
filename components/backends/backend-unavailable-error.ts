/** A backend that was asked for and cannot be had. */
import { ModularError } from '../../src/errors/modular-error'
import { nameList } from '../../src/errors/text'

/** What {@link BackendUnavailableError} is made of. */
export interface BackendUnavailableDetails {
  /** The name that was asked for. */
  backend: string
  /** Who asked: the option, or the environment variable. */
  source: string
  /** Why it cannot be used, as a sentence. */
  reason: string
  /** The backends that do load and compute correctly on this machine. */
  available: readonly string[]
  cause?: unknown
}

/** The backend that an option or the environment names is unknown, does not load, or computes wrongly. */
export class BackendUnavailableError extends ModularError {
  override readonly code = 'BACKEND_UNAVAILABLE'
  /** Name of the backend that was asked for. */
  readonly backend: string
  /** Why it cannot be used. */
  readonly reason: string
  /** The backends that do load and compute correctly on this machine. */
  readonly available: readonly string[]

  constructor({ backend, source, reason, available, cause }: BackendUnavailableDetails) {
    super(`The backend "${backend}" (${source}) cannot be used: ${reason} Available here: ${nameList(available)}.`, {
      cause,
    })
    this.backend = backend
    this.reason = reason
    this.available = available
  }
}
