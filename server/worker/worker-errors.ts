/** Why a worker cannot be made. */
import { ModularError } from '../../src/errors/modular-error'

/** What a pipeline is to be made of makes none. */
export class InvalidPipelineSourceError extends ModularError {
  override readonly code = 'INVALID_PIPELINE_SOURCE'

  constructor(
    /** The module, or the name under which the pipeline is served. */
    readonly source: string,
    problem: string,
    cause?: unknown,
  ) {
    super(`The pipeline of ${source} cannot be served: ${problem}`, { cause })
  }
}

/** A setting of a worker has a value that it cannot have. */
export class InvalidWorkerOptionError extends ModularError {
  override readonly code = 'INVALID_WORKER_OPTION'

  constructor(
    /** Name of the option. */
    readonly option: string,
    expected: string,
  ) {
    super(`The option "${option}" of the worker is invalid: ${expected}`)
  }
}
