/** What goes wrong when a model runs as a graph. */
import { ModularError } from '../../../src/errors/modular-error'
import { shownNames } from '../../../src/errors/text'
import { describeEnd, type ProcessEnd } from './runtime-errors'

/** ONNX Runtime refuses a graph, or fails while it runs. */
export class GraphExecutionError extends ModularError {
  override readonly code = 'GRAPH_EXECUTION'
  /** State-dict name of the layer that the runtime speaks of; `undefined` where it names none. */
  readonly layer: string | undefined

  constructor(
    /** Class of the model. */
    readonly model: string,
    doing: 'prepared' | 'run',
    /** The runtime's own words. */
    readonly reason: string,
    cause: unknown,
  ) {
    const layer = layerIn(reason)
    super(
      `${model} cannot be ${doing} as a graph${layer ? `: the layer ${layer} was rejected` : ''}. ONNX Runtime says: ${reason} ` +
        "Pass executor 'eager' to run the model without a graph.",
      { cause },
    )
    this.layer = layer
  }
}

/** Replaces a layer's name for operators outside of all layers. */
const OUTSIDE = 'model'

/** Operators are named `layer/Operator_number`. */
function layerIn(reason: string): string | undefined {
  const layer = /([\w.]+)\/[A-Z]\w*_\d+/.exec(reason)?.[1]
  return layer === OUTSIDE ? undefined : layer
}

/** What to do about a process that ended with a signal. */
const ADVICE: Readonly<Record<string, string>> = {
  SIGKILL: 'The system may have run out of memory: a smaller picture or batch needs less.',
  SIGBUS: 'A file that it was reading may have been truncated: check the files of the model and the disk.',
}

/** The process of ONNX Runtime ended while it worked for a model. Other calls are computed by another process. */
export class RuntimeEndedError extends ModularError {
  override readonly code = 'RUNTIME_ENDED'
  /** The signal that ended the process; `undefined` if it ended by itself. */
  readonly signal: NodeJS.Signals | undefined

  constructor(
    /** Class of the model that was computed. */
    readonly model: string,
    doing: 'prepared' | 'run',
    end: ProcessEnd,
    cause: unknown,
  ) {
    const advice =
      ADVICE[end.signal ?? ''] ??
      "Try again; if it happens again, the executor 'eager' computes the same without ONNX Runtime."
    super(`The process of ONNX Runtime ended ${describeEnd(end)} while ${model} was ${doing}. ${advice}`, { cause })
    this.signal = end.signal ?? undefined
  }
}

/** A file of weights is not what it was when a graph was made from it. */
export class WeightFileChangedError extends ModularError {
  override readonly code = 'WEIGHT_FILE_CHANGED'

  constructor(
    /** Class of the model that was computed. */
    readonly model: string,
    /** The file that has changed. */
    readonly file: string,
    problem: string,
    cause?: unknown,
  ) {
    super(`${file}, from which ${model} reads its weights, ${problem}. Load the model again.`, { cause })
  }
}

/** The weights of one call are on several drives of Windows, of which ONNX Runtime reads one. */
export class WeightDrivesError extends ModularError {
  override readonly code = 'WEIGHT_DRIVES'

  constructor(
    /** Class of the model. */
    readonly model: string,
    /** Files on several drives. */
    readonly files: readonly string[],
  ) {
    super(
      `The weights of ${model} are on more than one drive: ${shownNames(files)}. Copy them to one drive, ` +
        "or load the model with the executor 'eager'.",
    )
  }
}

/** A model does not fit into memory. */
export class ModelMemoryError extends ModularError {
  override readonly code = 'MODEL_MEMORY'

  constructor(
    /** Class of the model. */
    readonly model: string,
    /** Bytes of the model's weights. */
    readonly bytes: number,
    reason: string,
    cause: unknown,
  ) {
    super(
      `There is not enough memory for ${model}, whose weights take ${(bytes / 2 ** 20).toFixed(1)} MiB. ONNX Runtime says: ${reason} ` +
        'A smaller picture or batch needs less; a smaller `maxSessions` keeps fewer models in memory.',
      { cause },
    )
  }
}

/** Whether the runtime's words say that memory ran out. */
export function isOutOfMemory(reason: string): boolean {
  return /bad.?alloc|failed to allocate|out of memory|bad_array_new_length/i.test(reason)
}
