/** One call of a pipeline: its state, components, path, events, cancellation and resources. */
import { BlockExecutionError } from '../errors/block-execution-error'
import { emitWarning } from '../errors/emit-warning'
import { ModularError } from '../errors/modular-error'
import { NonFiniteError } from '../errors/non-finite-error'
import { PipelineAbortError } from '../errors/pipeline-abort-error'
import { nameList } from '../errors/text'
import { isAbsent } from '../params/schema'
import type { Seed } from '../params/seed'
import type { BlockState } from '../state/block-state'
import type { PipelineState } from '../state/pipeline-state'
import type { Activity } from '../telemetry/activity'
import type { OngoingActivity } from '../telemetry/ongoing-activity'
import { type ActiveRun, withActiveRun } from './active-run'
import type { ComponentSource } from './component-source'
import type { Components } from './components'
import { type EstimatedBlocks, upcomingCalls } from './estimate-costs'
import type { EventListener, PipelineEvent, PreviewImage } from './events'
import { type Frame, Lifetimes } from './lifetimes'
import { after, isPromise, type MaybePromise } from './maybe-promise'
import { offerPreview } from './offer-preview'
import { ProgressKeeper } from './progress-keeper'
import { resourceKindOf } from './resources'
import type { Resumption } from './resumption'
import { type ObservedPart, RunActivities } from './run-activities'
import type { RunCheckpoints } from './run-checkpoints'
import { RunComponents, type RunOfComponents } from './run-components'
import type { RunContext } from './run-context'
import type { RunPlan, UpcomingCall } from './run-cost'
import { ShapeBinding } from './shape-binding'
import { TimeSlice } from './time-slice'

/** Errors that have left the run they arose in: their path says nothing in another. */
const foreign = new WeakSet<object>()

/** What a run is made of. */
export interface RunOptions {
  state: PipelineState
  /** The components and settings of the pipeline. */
  source: ComponentSource
  signal?: AbortSignal | undefined
  onEvent?: EventListener | undefined
  seed?: Seed | undefined
  checkNumerics?: boolean | undefined
  /** Remembers where the run can continue, should it be cancelled. */
  keepStateOnAbort?: boolean | undefined
  /** Hands out the state while the run continues. */
  checkpoints?: RunCheckpoints | undefined
  /** The run as an activity, if somebody observes. */
  activity?: OngoingActivity | undefined
  /** Where the run continues that was cancelled before. */
  resumption?: Resumption | undefined
}

/** A block that is running. */
export interface RunningBlock {
  readonly frame: Frame
  /** Length of the path outside of the block. */
  readonly depth: number
  /** `undefined` if nobody watches. */
  readonly announced: AnnouncedBlock | undefined
}

/** A block whose beginning watchers and observers know of. */
export interface AnnouncedBlock {
  /** Calls the block as a part of what observers measure. */
  within<T>(work: () => T): T
  /** Tells them that the block has ended well. */
  end(): void
  /** Tells observers that the block has failed. */
  fail(error: unknown): void
}

/** Values by name. */
type Values = Readonly<Record<string, unknown>>

/** What is known of a run before its first block. */
export interface Outlook {
  readonly plan: RunPlan
  /** The blocks that run for certain. */
  readonly blocks: EstimatedBlocks
  readonly components: Components
}

/** The state of one call of a pipeline. Nothing of it is shared with another call. */
export class Run implements ActiveRun, RunContext, RunOfComponents {
  /** Names of the running blocks, outermost first. */
  readonly names: string[] = []
  readonly state: PipelineState
  readonly lifetimes = new Lifetimes()
  readonly shapes = new ShapeBinding(() => ({ path: this.path }))
  readonly signal: AbortSignal | undefined
  readonly seed: Seed | undefined
  /** Whether anybody listens: events are not made when nobody does. */
  readonly watched: boolean
  readonly components: RunComponents
  private readonly loops: { readonly depth: number; step: number; total: number | undefined }[] = []
  /** Leads to the place at which another run was cancelled. */
  readonly resumption: Resumption | undefined
  private readonly keeper: ProgressKeeper | undefined
  /** What is to come, once it is known. */
  private outlook: Outlook | undefined
  private isWarnedOfUnsaved = false
  private listenerFailure: { readonly error: unknown } | undefined
  private readonly slice = new TimeSlice()
  private readonly activities: RunActivities | undefined

  constructor(private readonly options: RunOptions) {
    this.state = options.state
    this.signal = options.signal
    this.resumption = options.resumption
    this.seed = options.seed ?? this.resumption?.seed
    this.watched = !isAbsent(options.onEvent)
    this.activities = options.activity && new RunActivities(options.activity)
    this.components = new RunComponents(options.source, this)
    this.lifetimes.addRoot(() => this.state.values)
    if (options.keepStateOnAbort || options.checkpoints) {
      const { lifetimes, components, seed, resumption } = this
      this.keeper = new ProgressKeeper(this.state, lifetimes, components.own, seed, resumption?.point)
    }
  }

  /** Names of the running blocks with the iteration of each loop among them: `denoise[step 7 of 30]`, `update`. */
  get path(): string[] {
    const path = [...this.names]
    // From the innermost outward: a loop that is the outermost block has no name, and its step comes before all.
    for (const { depth, step, total } of this.loops.toReversed()) {
      if (step === 0) continue
      const iteration = `[step ${step}${total === undefined ? '' : ` of ${total}`}]`
      if (depth === 0) path.unshift(iteration)
      else path[depth - 1] += iteration
    }
    return path
  }

  get activity(): Activity | undefined {
    return this.activities?.current
  }

  get plan(): RunPlan {
    return this.outlook?.plan ?? {}
  }

  /** From now on blocks may ask what is to come. */
  foresee(outlook: Outlook): void {
    this.outlook = outlook
  }

  async upcomingCalls(): Promise<readonly UpcomingCall[]> {
    const { outlook, state } = this
    return outlook === undefined ? [] : upcomingCalls(outlook.blocks, this.names, { ...outlook, state })
  }

  track(resource: object): void {
    this.lifetimes.track(resource)
  }

  emit(event: PipelineEvent): MaybePromise<void> {
    const told = this.options.onEvent?.(event)
    // Only loop steps wait for a listener, so the run learns of its failure when it next yields.
    if (isPromise(told)) {
      told.catch((error: unknown) => {
        this.listenerFailure ??= { error }
      })
    }
    return told
  }

  /** Where nobody listens, warnings go as Node's own do. */
  warn(code: string, message: string): void {
    if (this.watched) this.emit({ type: 'warning', path: this.path, code, message })
    else emitWarning(code, message)
  }

  preview(makeImages: () => Promise<readonly PreviewImage[]>): MaybePromise<void> {
    const loop = this.loops.at(-1)
    if (!this.watched || loop === undefined) return
    const { step, total } = loop
    return offerPreview({ path: [...this.names], step, total }, makeImages, event => this.emit(event))
  }

  peekComponent(name: string): unknown {
    return this.components.peek(name)
  }

  useComponent(name: string, component: unknown): unknown {
    return this.components.use(name, component)
  }

  /** A block is next, outside of all loops: the run could continue here. */
  markBlock(name: string | undefined): void {
    if (this.keeper && this.isOnItsOwn) this.keeper.mark(name === undefined ? this.names : [...this.names, name])
  }

  /** An iteration of a loop begins, which is in no other loop: the run could continue here, and waits while its state is saved. */
  markIteration(
    step: number,
    blockState: BlockState,
    loop: { names(): readonly string[]; stepsDone: number },
  ): MaybePromise<void> {
    if (!this.keeper || this.loops.length !== 1 || !this.isOnItsOwn) return
    this.keeper.mark(this.names, { step, blockState, names: loop.names() })
    const { checkpoints } = this.options
    // Where a run continues, its state is saved already.
    if (checkpoints && step > loop.stepsDone && step % checkpoints.every === 0) return this.saveCheckpoint(checkpoints)
  }

  private saveCheckpoint(checkpoints: RunCheckpoints): MaybePromise<void> {
    const state = (this.keeper as ProgressKeeper).snapshot()
    const unsaved = state.resumePoint?.unsaved ?? []
    if (unsaved.length === 0) return checkpoints.save(state)
    if (this.isWarnedOfUnsaved) return
    this.isWarnedOfUnsaved = true
    const components = nameList(unsaved)
    this.warn('NO_CHECKPOINT', `No checkpoints are saved: the run state of ${components} cannot be serialized.`)
  }

  /** The run was cancelled: brings its state back to where it can continue. */
  rewind(): void {
    this.keeper?.rewind()
  }

  /** Stops here if the run was cancelled; yields to the event loop if the run has computed for a while. */
  yieldToEventLoop(): MaybePromise<void> {
    if (this.signal?.aborted) throw this.aborted()
    this.throwListenerFailure()
    if (!this.slice.isOver) return
    return this.slice.next().then(() => {
      if (this.signal?.aborted) throw this.aborted()
    })
  }

  /** Stops here if a listener has rejected. */
  throwListenerFailure(): void {
    if (this.listenerFailure) throw this.listenerFailure.error
  }

  /** A block begins. */
  enter(name: string | undefined, block: string, outputs: () => Values): RunningBlock {
    const depth = this.names.length
    if (name !== undefined) this.names.push(name)
    return { frame: this.lifetimes.enter(), depth, announced: this.announce(block, outputs) }
  }

  /** A block has ended well. */
  leave(activation: RunningBlock): MaybePromise<void> {
    return after(this.options.checkNumerics ? this.checkNumerics(activation.frame) : undefined, () => {
      this.lifetimes.leave(activation.frame)
      activation.announced?.end()
      this.names.length = activation.depth
    })
  }

  /** A block has failed: a parent that catches the error finds everything as it was, and continues. */
  abandon(activation: RunningBlock, error: unknown): void {
    activation.announced?.fail(error)
    this.lifetimes.leave(activation.frame)
    this.names.length = activation.depth
  }

  /**
   * Tells watchers and observers that a block begins; `undefined` if none exist.
   *
   * @param outputs returns what the block has written, for watchers
   */
  announce(block: string, outputs: () => Values): AnnouncedBlock | undefined {
    if (!this.watched && this.activities === undefined) return undefined
    const path = [...this.names]
    const part = this.activities?.begin('block', path.at(-1) ?? block, path, { class: block })
    const start = performance.now()
    if (this.watched) this.emit({ type: 'blockStart', path, block })
    return {
      within: work => (part ? part.within(work) : work()),
      end: () => {
        const duration = performance.now() - start
        part?.end()
        if (this.watched) this.emit({ type: 'blockEnd', path, block, duration, outputs })
      },
      fail: error => part?.end(error),
    }
  }

  /** Tells observers that an iteration of the innermost loop begins. */
  announceIteration(step: number, total: number | undefined): ObservedPart | undefined {
    const attributes = { step, ...(total !== undefined && { total }) }
    return this.activities?.begin('loopStep', this.names.at(-1) ?? 'loop', [...this.names], attributes)
  }

  /** A loop begins; it ends when the function that this returns is called. */
  enterLoop(): () => void {
    const count = this.loops.push({ depth: this.names.length, step: 0, total: undefined })
    return () => {
      this.loops.length = count - 1
    }
  }

  /** Runs an action of the innermost loop that belongs to none of its iterations, for the path of errors. */
  outsideIterations<T>(action: () => T): T {
    const loop = this.loops.at(-1)
    if (loop === undefined) return action()
    const { step } = loop
    loop.step = 0
    try {
      return action()
    } finally {
      loop.step = step
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
    const isLocated = error instanceof ModularError && error.isLocated && !foreign.has(error)
    if (isLocated && error instanceof PipelineAbortError) return error
    if (this.signal?.aborted) return this.aborted()
    return isLocated ? error : new BlockExecutionError(this.path, block, error)
  }

  /** The run ends with this error, whose path means nothing in other runs. */
  markForeign(error: unknown): void {
    if (error instanceof Error) foreign.add(error)
  }

  /** A block of a loop has ended: sorts out what it made. */
  settle(frame: Frame): MaybePromise<void> {
    if (frame.created.length === 0) return
    return after(this.options.checkNumerics ? this.checkNumerics(frame) : undefined, () => this.lifetimes.settle(frame))
  }

  /** Disposes everything but what the result refers to; returns the resources in the result that this run made. */
  close(result: unknown): object[] {
    this.components.dispose()
    return this.lifetimes.close(result)
  }

  /** What is made here belongs to the run, whichever block is running. */
  asWhole<T>(action: () => T): T {
    const whole = {
      path: this.path,
      activity: this.activity,
      track: (resource: object) => this.lifetimes.trackForRun(resource),
      warn: (code: string, message: string) => this.warn(code, message),
    }
    return withActiveRun(whole, action)
  }

  /** Whether there is no place of another run that it has yet to come to. */
  private get isOnItsOwn(): boolean {
    return this.resumption?.isOver ?? true
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
