import { ModularError } from '../../../src/errors/modular-error'

/** ONNX Runtime is not installed, or has no library for this system. */
export class RuntimeUnavailableError extends ModularError {
  override readonly code = 'RUNTIME_UNAVAILABLE'

  constructor(
    /** Why it cannot be loaded, and what helps. */
    readonly reason: string,
  ) {
    super(`Models cannot run as graphs: ${reason} The executor 'eager' needs no runtime, and is slower.`)
  }
}
