/** How a pipeline is called: its options, and what the compiler knows of inputs and outputs. */

import type { Seed } from '../params/seed'
import type {
  AnyOptions,
  ChosenValues,
  IsKnown,
  NoArguments,
  Offered,
  OutputChoice,
  OutputChosen,
  OutputName,
  SaidType,
  Selecting,
  Selection,
  WideOutput,
} from '../params/typed-io'
import type { EventListener } from '../runtime/events'
import type { RunCheckpoints } from '../runtime/run-checkpoints'
import type { PipelineState } from '../state/pipeline-state'

/** The values that a pipeline is called with, by name. */
export type PipelineInputs = Readonly<Record<string, unknown>>

/** Options of one call. */
export interface CallOptions {
  /** Name of the value to return, or a list of names; without it, the whole state is returned. */
  output?: string | readonly string[]
  /** Values to start from. The state itself is not changed. */
  state?: PipelineState
  /** Stops the run between blocks and loop steps. */
  signal?: AbortSignal
  /** Told what happens, as it happens. Without it, warnings go the way of Node's own, as `TesseraeWarning`. */
  onEvent?: EventListener
  /** Seed of the run's random numbers: a whole number from -2^63 to 2^64 - 1, as in PyTorch; a bigint beyond ±(2^53 - 1). */
  seed?: Seed
  /** Looks at the numbers that each block makes, and stops at the first that are not finite. Costs time. */
  checkNumerics?: boolean
  /**
   * Keeps the tensors in the state of a cancelled run alive, for the caller to dispose by `state.dispose()`. The state is then that of the latest
   * moment from which the run can continue; see `resume`.
   */
  keepStateOnAbort?: boolean
  /** Hands out the state every few iterations, so that another process can continue with it, by `resume`, if this one ends. */
  checkpoints?: RunCheckpoints
  /**
   * Continues where the run was cancelled, or saved, that `state` is of: at the block, or the iteration of a loop, that it did not finish. The values are those of
   * that moment; inputs that are given take their place. The blocks and the components must be those of then.
   */
  resume?: boolean
}

/** Options of one call that asks for `O`. */
export type CallOptionsFor<O> = Omit<CallOptions, 'output'> & { output?: O }

/** Marks what the compiler alone knows of a pipeline. */
export declare const KNOWN: unique symbol

/** The state after a run whose values are known. */
export interface KnownState<V> extends PipelineState {
  get<K extends keyof V & string>(name: K): V[K]
  get<K extends keyof V & string>(names: readonly K[]): { [N in K]: V[N] }
  get<T = unknown>(name: string, defaultValue?: T): T
  get<T = unknown>(names: readonly string[], defaultValue?: T): Record<string, T>
  at<K extends keyof V & string>(name: K): V[K]
  at<T = unknown>(name: string): T
}

/** The state that a call gives which passes `P` for the input on which types depend. */
type StateOf<V, P> = IsKnown<V> extends true ? KnownState<ChosenValues<V, P>> : PipelineState
/** What a call gives that asks for `O`. */
export type Result<V, O, P> = OutputChosen<V, O, P, StateOf<V, P>>

/** How a pipeline is called that takes the inputs `I`, of which its own blocks make `M`, and has the values `V` when it ends. */
interface PipelineCalls<I, V, M> {
  // A method, so that a pipeline whose inputs are known may be passed on as any pipeline.
  call: {
    // The first of them is the one that an editor completes: it offers no inputs that other blocks make.
    method<const O extends OutputChoice<V> = undefined, const P extends Selection<I, V> = never>(
      inputs: Offered<I, M> & Selecting<V, P>,
      options?: CallOptionsFor<O>,
    ): Promise<Result<V, O, P>>
    method<const O extends OutputChoice<V> = undefined, const P extends Selection<I, V> = never>(
      inputs: I & Selecting<V, P>,
      options?: CallOptionsFor<O>,
    ): Promise<Result<V, O, P>>
    method(this: NoArguments<I>): Promise<Result<V, undefined, never>>
    // A state may hold any of them.
    method<const O extends OutputChoice<V> = undefined, const P extends Selection<I, V> = never>(
      inputs: Partial<I> & Selecting<V, P>,
      options: CallOptionsFor<O> & { state: PipelineState },
    ): Promise<Result<V, O, P>>
    method<T>(
      inputs: Partial<I>,
      options: CallOptionsFor<string> & { state: PipelineState; output: string },
    ): Promise<T>
    method<T = unknown, N extends string = string>(
      inputs: I,
      options: CallOptionsFor<readonly (N & OutputName<V, N>)[]> & { output: unknown },
    ): Promise<Record<string, SaidType<V, T>>>
    method<T = unknown>(this: AnyOptions<V>, inputs: I, options: CallOptions): Promise<T>
    method<T = unknown, N extends string = string>(
      inputs: I,
      options: CallOptionsFor<N & OutputName<V, N>> & { output: unknown },
    ): Promise<SaidType<V, T>>
    method<const O extends CallOptions['output']>(
      inputs: I,
      options: CallOptionsFor<O & WideOutput<O>>,
    ): Promise<unknown>
    // The last of them is the one that the compiler speaks of when none fits.
    method(inputs: I, options: CallOptionsFor<(keyof V & string) | readonly (keyof V & string)[]>): Promise<unknown>
  }['method']
}

/** The same, as the type of a function. */
export type PipelineCall<I, V, M> = PipelineCalls<I, V, M>['call']

/** The arguments of a run that is watched. */
export type StreamArguments<I, Options> =
  Partial<I> extends I ? [inputs?: I, options?: Options] : [inputs: I, options?: Options]

/** What a run that is watched may be asked for. */
export type StreamedOutput<V> = IsKnown<V> extends true ? OutputChoice<V> : CallOptions['output'] | undefined
