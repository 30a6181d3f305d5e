/** Errors as plain JSON: what is wrong and where, without stacks. */
import { BlockExecutionError } from '../errors/block-execution-error'
import { ModularError } from '../errors/modular-error'
import { PipelineValidationError } from '../errors/pipeline-validation-error'
import { InvalidWireValueError } from './invalid-wire-value-error'

/** An error as JSON. Its message may name files of the machine: who answers a stranger decides by `code` whether to pass it on. */
export interface WireError {
  /** The kind of failure, e.g. `MISSING_INPUT`; `INTERNAL` of an error that is not one of this package's. */
  readonly code: string
  /** What went wrong. */
  readonly message: string
  /** Names of blocks, outermost first. */
  readonly path: readonly string[]
  /** Only of an error that is about one input: its name, and the place in it. */
  readonly input?: readonly (string | number)[]
  /** Only of an error that sums up several problems. */
  readonly issues?: readonly WireError[]
  /** Only of an error that another one led to. */
  readonly cause?: WireError
}

/** Causes of causes that are reported. */
const DEEPEST = 4

/** Returns an error as plain JSON, with the errors inside it. */
export function errorToWire(error: unknown, depth = 0): WireError {
  if (!(error instanceof ModularError)) {
    return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error), path: [] }
  }
  const { code, message, path } = error
  const input = inputOf(error)
  const isWrapper = error instanceof BlockExecutionError
  return {
    code,
    message,
    path,
    ...(input && { input }),
    ...(error instanceof PipelineValidationError && { issues: error.issues.map(issue => errorToWire(issue)) }),
    ...(isWrapper && depth < DEEPEST && { cause: errorToWire(error.cause, depth + 1) }),
  }
}

function inputOf(error: ModularError): readonly (string | number)[] | undefined {
  if (error instanceof InvalidWireValueError) return error.place
  const { input } = error as { input?: unknown }
  return typeof input === 'string' ? [input] : undefined
}
