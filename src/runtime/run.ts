/** One call of a pipeline: its state, components, path, events, cancellation and resources. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { isRunScoped } from '../container/run-scoped'
import { BlockExecutionError } from '../errors/block-execution-error'
import { ModularError } from '../errors/modular-error'
import { NonFiniteError } from '../errors/non-finite-error'
import { PipelineAbortError } from '../errors/pipeline-abort-error'
import type { PipelineState } from '../state/pipeline-state'
import type { ActiveRun } from './active-run'
import type { Components } from './components'
import type { EventListener, PipelineEvent } from './events'
import { type Frame, Lifetimes } from './lifetimes'
import { after, type MaybePromise } from './maybe-promise'
import { resourceKindOf } from './resources'
import type { RunContext } from './run-context'
import { ShapeBinding } from './shape-binding'

// A run that computes without awaiting would leave the process deaf: it gives way to timers and signals this often.
const TURN_MS = 8

/** What a run is made of. */
export interface RunOptions {
  state: PipelineState
  /** Makes the components for this run. */
  components: (run: Run) => Components
  /** Looks up a component or setting of the pipeline. */
  resolve: (name: string, path: readonly string[]) => unknown
  signal?: AbortSignal | undefined
  onEvent?: EventListener | undefined
  seed?: number | undefined
  checkNumerics?: boolean | undefined
}

/** A block that is running. */
export interface Activation {
  readonly frame: Frame
  /** Length of the path outside of the block. */
  readonly depth: number
  /** Tells the watchers that the block has ended. */
  readonly end: (() => void) | undefined
}

/** The state of one call of a pipeline. Nothing of it is shared with another call. */
export class Run implements ActiveRun, RunContext {
  /** Names of the running blocks, outermost first. */
  readonly names: string[] = []
  readonly state: PipelineState
  readonly components: Components
  readonly lifetimes = new Lifetimes()
  readonly shapes = new ShapeBinding()
  readonly signal: AbortSignal | undefined
  readonly seed: number | undefined
  /** Whether anybody listens: events are not made when nobody does. */
  readonly watched: boolean
  private readonly loops: { readonly depth: number; step: number; total: number | undefined }[] = []
  private readonly own = new Map<string, unknown>()
  private readonly copies: unknown[] = []
  private lastTurn = performance.now()

  constructor(private readonly options: RunOptions) {
    this.state = options.state
    this.signal = options.signal
    this.seed = options.seed
    this.watched = options.onEvent !== undefined
    this.components = options.components(this)
    this.lifetimes.addRoot(() => this.state.values)
  }

  /** Names of the running blocks with the iteration of each loop among them: `denoise[step 7 of 30]`, `update`. */
  get path(): string[] {
    const path = [...this.names]
    for (const { depth, step, total } of this.loops) {
      if (step === 0) continue
      const iteration = `[step ${step}${total === undefined ? '' : ` of ${total}`}]`
      if (depth === 0) path.unshift(iteration)
      else path[depth - 1] += iteration
    }
    return path
  }

  track(resource: object): void {
    this.lifetimes.track(resource)
  }

  emit(event: PipelineEvent): MaybePromise<void> {
    return this.options.onEvent?.(event)
  }

  warn(code: string, message: string): void {
    if (this.watched) this.emit({ type: 'warning', path: this.path, code, message })
  }

  /** A component or setting; of a component that a run changes, this run's copy. */
  component(name: string): unknown {
    if (this.own.has(name)) return this.own.get(name)
    return this.useComponent(name, this.options.resolve(name, this.path))
  }

  /** Takes a component for this run, or a copy of one that the run changes. */
  useComponent(name: string, component: unknown): unknown {
    let value = component
    if (isRunScoped(value)) {
      value = value.forRun({ seed: this.seed })
      this.copies.push(value)
    }
    this.own.set(name, value)
    return value
  }

  /** Stops here if the run was cancelled; gives way to the rest of the process if it has computed for a while. */
  breathe(): MaybePromise<void> {
    if (this.signal?.aborted) throw this.aborted()
    if (performance.now() - this.lastTurn < TURN_MS) return
    return nextTurn().then(() => {
      this.lastTurn = performance.now()
      if (this.signal?.aborted) throw this.aborted()
    })
  }

  /** A block begins. */
  enter(name: string | undefined, block: string): Activation {
    const depth = this.names.length
    if (name !== undefined) this.names.push(name)
    return { frame: this.lifetimes.enter(), depth, end: this.watched ? this.announce(block) : undefined }
  }

  /** A block has ended well. */
  leave(activation: Activation): MaybePromise<void> {
    return after(this.options.checkNumerics ? this.checkNumerics(activation.frame) : undefined, () => {
      this.lifetimes.leave(activation.frame)
      activation.end?.()
      this.names.length = activation.depth
    })
  }

  /** A block has failed: a parent that catches the error finds everything as it was, and goes on. */
  abandon(activation: Activation): void {
    this.lifetimes.leave(activation.frame)
    this.names.length = activation.depth
  }

  /** Tells the watchers that a block begins; the function it returns tells them that it has ended. */
  announce(block: string): () => void {
    const path = [...this.names]
    const start = performance.now()
    this.emit({ type: 'blockStart', path, block })
    return () => this.emit({ type: 'blockEnd', path, block, duration: performance.now() - start })
  }

  /** A loop begins; it ends when the function that this returns is called. */
  enterLoop(): () => void {
    const count = this.loops.push({ depth: this.names.length, step: 0, total: undefined })
    return () => {
      this.loops.length = count - 1
    }
  }

  /** An iteration of the innermost loop begins. */
  countIteration(total: number | undefined): { step: number; total: number | undefined } {
    const loop = this.loops.at(-1) as { step: number; total: number | undefined } // enterLoop() came before.
    loop.step++
    loop.total = total
    return loop
  }

  /** The error to throw for one that came out of a block: with the path of blocks, once. */
  failure(error: unknown, block: string): unknown {
    if (error instanceof PipelineAbortError) return error
    if (this.signal?.aborted) return this.aborted()
    if (error instanceof ModularError && error.isLocated) return error
    return new BlockExecutionError(this.path, block, error)
  }

  /** A block of a loop has ended: sorts out what it made. */
  settle(frame: Frame): MaybePromise<void> {
    if (frame.created.length === 0) return
    return after(this.options.checkNumerics ? this.checkNumerics(frame) : undefined, () => this.lifetimes.settle(frame))
  }

  /** Gives back everything but what the result refers to; returns the resources in the result that this run made. */
  close(result: unknown): object[] {
    for (const copy of this.copies) (copy as { dispose?: () => void }).dispose?.()
    return this.lifetimes.close(result)
  }

  private aborted(): PipelineAbortError {
    return new PipelineAbortError(this.path, this.state, this.signal?.reason)
  }

  private async checkNumerics(frame: Frame): Promise<void> {
    for (const [name, resource] of this.lifetimes.fresh(frame)) {
      const problem = await resourceKindOf(resource)?.findNonFinite?.(resource)
      if (problem !== undefined) throw new NonFiniteError(this.path, name, problem)
    }
  }
}
