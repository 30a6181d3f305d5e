/** What a components manager asks of a component that holds weights. */
import type { Placement } from './placement'

/** Where the weights of a model lie while it computes. Models with memories of the same name share one. */
export interface ModelMemory {
  /** `host` for the memory of the processor, otherwise what has a memory of its own, e.g. `webgpu`. */
  readonly name: string
  /** Bytes that can still be taken of it; `undefined` where nobody can tell. */
  available(): number | undefined
}

/** What a call of a model would take of memory. */
export interface CallDemand {
  /** Tells kinds of calls apart: what one call brings into memory serves others of its form. */
  readonly form: string
  /** Bytes of weights that are not in memory now and would be during the call. */
  bytes(): number
}

/** Stands before the calls of a model, e.g. to make room in memory. */
export interface CallGuard {
  /** Bytes of weights that all guarded models may have in memory together; `Infinity` without a limit. */
  readonly limit: number
  /**
   * Waits until a call may begin; what it gives is to be called when the call is over.
   *
   * @throws the reason of `signal`, once it has fired
   */
  enter(model: ManagedModel, demand: CallDemand, signal?: AbortSignal): Promise<() => void>
  /** Lets in what would only save time later, if that can be at once and in nobody's place. */
  tryEnter(model: ManagedModel, demand: CallDemand): (() => void) | undefined
}

/** A component with weights that can leave memory, as long as they can be read again. */
export interface ManagedModel {
  /** Element type of the weights, e.g. `float32`. */
  readonly dtype: string
  /** Bytes of the weights where the model computes. */
  readonly memoryFootprint: number
  /** Bytes of weights that are in memory now. */
  readonly residentBytes: number
  /** What computes the model, e.g. `wasm`. */
  readonly device: string
  /** Loads and offloads the weights. */
  readonly memory: ModelMemory
  /** Whether the weights can be read again, so that they may leave memory. */
  readonly canOffload: boolean
  /** What stands before the calls now. */
  readonly callGuard: CallGuard | undefined
  /** Adapters in use, where the model has such. */
  readonly adapters?: readonly string[] | undefined
  /** Scales of image prompt adapters, where the model has such. */
  readonly ipAdapter?: Readonly<Record<string, unknown>> | undefined
  /** How the weights are quantized, if they are. */
  readonly quantization?: Readonly<Record<string, unknown>> | undefined
  /** Lets the weights leave memory; they come back when a call needs them. Does nothing for weights that cannot be read again. */
  offload(): void
  /**
   * Gets ready to compute elsewhere, or with weights of another type. Nothing has changed before what this gives is called, which does it.
   *
   * @throws what speaks against it
   */
  preparePlacement?(placement: Placement): Promise<() => void>
  /** Puts something before the calls that begin from now on, or nothing. */
  guardCalls(guard: CallGuard | undefined): void
}

/** Whether a component has weights that a manager can look after. */
export function isManagedModel(component: unknown): component is ManagedModel {
  if (typeof component !== 'object' || component === null) return false
  const { offload, guardCalls, memoryFootprint } = component as Partial<ManagedModel>
  return typeof offload === 'function' && typeof guardCalls === 'function' && typeof memoryFootprint === 'number'
}
