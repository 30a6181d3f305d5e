/** One call of a loop, however its body is written: the values that it works on, its iterations, and what is left to do when it ends. */

import { PipelineAbortError } from '../errors/pipeline-abort-error'
import { classNameOf } from '../format/class-name'
import { setOwn } from '../format/own-property'
import type { BlockState } from '../state/block-state'
import { isPipelineState, type PipelineState } from '../state/pipeline-state'
import type { LoopNode } from '../wiring/block-node'
import { requireSameState } from './call-result'
import { type Components, RUN } from './components'
import type { IterationVariables } from './iteration-variables'
import { LoopExecution, requireIterations } from './loop-execution'
import { after, always, type MaybePromise, orFail } from './maybe-promise'
import { pinReads, withoutPins } from './pinned-state'
import type { Run } from './run'

/** The calls of each run that have begun and not ended, outermost first. */
const open = new WeakMap<Run, LoopCall[]>()
/** The run that a state belongs to. */
const runs = new WeakMap<object, Run>()

/** A loop that is running. */
export class LoopCall {
  private readonly run: Run
  private readonly resumed: { readonly step: number; readonly names: readonly string[] } | undefined
  private blockState: BlockState | undefined
  private execution: LoopExecution | undefined
  private roots = 0

  constructor(
    private readonly components: Components,
    readonly loop: LoopNode,
    /** The state of the pipeline, or the values of the loop that this one is a part of. */
    readonly state: PipelineState | BlockState,
    private readonly outer: IterationVariables,
  ) {
    this.run = components[RUN]
    this.resumed = isPipelineState(state) ? this.run.resumption?.takeLoop() : undefined
  }

  /** The call of a loop on a state, if it is running. */
  static of(loop: object, state: PipelineState | BlockState): LoopCall | undefined {
    const run = runs.get(withoutPins(state))
    return run && open.get(run)?.findLast(call => call.loop === loop && call.state === withoutPins(state))
  }

  /** The latest call of a loop in the run of these components. */
  static latest(loop: object, components: Components): LoopCall | undefined {
    return open.get(components[RUN])?.findLast(call => call.loop === loop)
  }

  /** Calls the loop, and makes sure that no step outlives the call. */
  static begin(
    components: Components,
    loop: LoopNode,
    state: PipelineState | BlockState,
    outer: IterationVariables = {},
  ): MaybePromise<void> {
    const run = components[RUN]
    const call = new LoopCall(components, loop, state, outer)
    const calls = open.get(run) ?? []
    open.set(run, calls)
    runs.set(state, run)
    calls.push(call)
    const leave = run.enterLoop()
    return always(
      () => call.runToEnd(),
      () => {
        calls.splice(calls.indexOf(call), 1)
        // A collection of young objects keeps the values of a WeakMap, even if their keys are dead: with them a whole run grows old.
        if (calls.length === 0) open.delete(run)
        if (!calls.some(other => other.state === state)) runs.delete(state)
        leave()
        call.release()
      },
    )
  }

  /** Takes values for the loop to work on: their tensors stay alive until the call ends. Returns what its body reads them by. */
  take(blockState: BlockState): BlockState {
    const { state, resumed } = this
    if (isPipelineState(state)) for (const name of resumed?.names ?? []) setOwn(blockState, name, state.get(name))
    this.hold(blockState)
    return pinReads(blockState, this.run.lifetimes)
  }

  /** Writes values of the loop into the state, by a function that does so; no iteration is to blame for what fails. */
  give(blockState: BlockState, write: (blockState: BlockState) => void): void {
    this.run.outsideIterations(() => write(withoutPins(blockState)))
  }

  /** The iterations on values of the loop. */
  iterations(blockState: BlockState): LoopExecution {
    const values = withoutPins(blockState)
    if (this.execution === undefined || this.blockState !== values) {
      this.hold(values)
      const { loop, resumed } = this
      const progress = { names: () => progressNames(loop), stepsDone: resumed?.step ?? 0 }
      const { components, outer } = this
      this.execution = new LoopExecution(components, loop.subBlocks, values, outer, progress, LoopCall.begin)
    }
    return this.execution
  }

  private runToEnd(): MaybePromise<void> {
    const { run, loop, state } = this
    return orFail(
      () =>
        after(
          always(
            () => loop.call(this.components, state, this.outer),
            () => this.execution?.waitForStep(),
          ),
          result => {
            requireSameState(result, state, run.path, classNameOf(loop))
            requireIterations(run, this.execution?.begun ?? 0, this.resumed?.step ?? 0)
          },
        ),
      error => {
        if (error instanceof PipelineAbortError) this.keepProgress()
        throw error
      },
    )
  }

  /** Values of the loop are in use until the call ends. */
  private hold(values: BlockState): void {
    if (this.blockState === values) return
    this.blockState = values
    // Those of an outer loop are in use anyway.
    if (values === this.state) return
    this.run.lifetimes.addRoot(() => Object.entries(values))
    this.roots++
  }

  private release(): void {
    for (; this.roots > 0; this.roots--) this.run.lifetimes.removeRoot()
  }

  /** A cancelled loop leaves the values of its latest iteration. */
  private keepProgress(): void {
    const { loop, state, blockState } = this
    if (!isPipelineState(state) || blockState === undefined) return
    for (const { name, kwargsType } of [...loop.intermediateOutputs, ...loop.inputs]) {
      if (name !== null && name in blockState) state.set(name, blockState[name], kwargsType)
    }
  }
}

/** Names of all values that a loop holds between two iterations. */
function progressNames(loop: LoopNode): readonly string[] {
  // A group is made again of its members.
  return [...loop.intermediateOutputNames, ...loop.inputs.flatMap(({ name }) => name ?? [])]
}
