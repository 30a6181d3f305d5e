import { ModularError } from '../../../src/errors/modular-error'

/** ONNX Runtime is not installed, has no library for this system, or its process cannot be started. */
export class RuntimeUnavailableError extends ModularError {
  override readonly code = 'RUNTIME_UNAVAILABLE'

  constructor(
    /** Why it cannot be loaded, and what helps. */
    readonly reason: string,
    cause?: unknown,
  ) {
    super(
      `Models cannot run as graphs: ${reason} Pass executor 'eager', which is slower but does not need ONNX Runtime.`,
      { cause },
    )
  }
}
