/** The iterations of one loop: its parts are prepared once and then called again and again, on one set of values. */

import { getDeclarations } from '../decorators/declarations'
import { MissingIterationVariableError, OverlappingLoopStepError } from '../errors/loop-errors'
import { MissingInputError } from '../errors/missing-input-error'
import { NotResumableError } from '../errors/not-resumable-error'
import { classNameOf } from '../format/class-name'
import { isAbsent } from '../params/schema'
import type { BlockState } from '../state/block-state'
import { copyValue } from '../state/copy-value'
import { observed } from '../telemetry/ongoing-activity'
import type { BlockNode, ChoiceNode, LoopNode } from '../wiring/block-node'
import { isComposite, isConditional, isLoop } from '../wiring/blocks'
import { bindView } from './bound-view'
import { requireSameState } from './call-result'
import { type Components, RUN } from './components'
import type { IterationVariables } from './iteration-variables'
import type { Frame } from './lifetimes'
import { after, always, inOrder, isPromise, type MaybePromise } from './maybe-promise'
import type { Run } from './run'
import { writtenValues } from './written-values'

type Call = (variables: IterationVariables) => MaybePromise<void>

/** A part, ready to be called with the iteration variables. */
interface Part {
  readonly name: string
  readonly block: BlockNode
  readonly call: Call
}

type StepMethod = (this: object, variables: IterationVariables) => MaybePromise<void>

/** How far a loop is, and what it takes along from one iteration to the next. */
export interface LoopProgress {
  /** Names of the values that the loop holds. */
  names(): readonly string[]
  /** Iterations that a run has done which was cancelled, and which this one continues from. */
  readonly stepsDone: number
}

/** Calls a loop that is a part of another one, on the values of that. */
export type CallInnerLoop = (
  components: Components,
  loop: LoopNode,
  blockState: BlockState,
  outer: IterationVariables,
) => MaybePromise<void>

/** The parts of a loop, bound to the values of one run of it. */
export class LoopExecution {
  private readonly run: Run
  private readonly parts: readonly Part[]
  /** Names that the parts tag, by group. */
  private readonly membersOf: ReadonlyMap<string, ReadonlySet<string>>
  private readonly hasOuter: boolean
  /** Whether parts look after their inputs: where all are leaves, the loop has seen to them once for all iterations. */
  private readonly fillsIn: boolean
  private frame: Frame | undefined
  /** Iterations that have begun. */
  begun = 0
  /** The step that runs now. */
  private pending: Promise<void> | true | undefined

  constructor(
    private readonly components: Components,
    blocks: ReadonlyMap<string, BlockNode>,
    private readonly blockState: BlockState,
    private readonly outer: IterationVariables,
    private readonly progress: LoopProgress,
    private readonly callInnerLoop: CallInnerLoop,
  ) {
    this.run = components[RUN]
    this.hasOuter = Object.keys(outer).length > 0
    this.fillsIn = [...blocks.values()].some(isComposite)
    this.membersOf = groupMembers(blocks)
    this.parts = this.prepareAll(blocks)
  }

  /** Runs the body of the loop, and makes sure that no step outlives it.
   * @throws OverlappingLoopStepError if the body did not wait for its steps; NotResumableError if it has fewer than were done before */
  runToEnd(body: () => MaybePromise<void>): MaybePromise<void> {
    return after(
      always(body, () => this.waitForStep()),
      () => requireIterations(this.run, this.begun, this.progress.stepsDone),
    )
  }

  /** Waits for a step that nobody has waited for.
   * @throws OverlappingLoopStepError if there is one */
  waitForStep(): MaybePromise<void> {
    if (!isPromise(this.pending)) return
    const late = () => {
      throw new OverlappingLoopStepError(this.run.path)
    }
    return this.pending.then(late, late)
  }

  /** One iteration: all parts, in order. */
  iterate(variables: IterationVariables, total: number | undefined): MaybePromise<void> {
    if (this.pending !== undefined) throw new OverlappingLoopStepError(this.run.path)
    if (this.begun < this.progress.stepsDone) {
      this.begun++
      this.run.countIteration(total)
      return
    }
    this.pending = true
    const result = always(
      () => this.runParts(variables, total),
      () => {
        this.pending = undefined
      },
    )
    if (isPromise(result)) {
      this.pending = result as Promise<void>
      // runToEnd() reports a step that was not awaited.
      this.pending.catch(() => {})
    }
    return result
  }

  private runParts(variables: IterationVariables, total: number | undefined): MaybePromise<void> {
    const { run } = this
    const all = this.hasOuter ? { ...this.outer, ...variables } : variables
    return after(run.markIteration(this.begun, this.blockState, this.progress), () => this.runMarked(all, total))
  }

  private runMarked(all: IterationVariables, total: number | undefined): MaybePromise<void> {
    const { run } = this
    const isFirst = this.begun === this.progress.stepsDone
    this.begun++
    const { step } = run.countIteration(total)
    if (isFirst && run.watched) run.emit({ type: 'loopStart', path: [...run.names], step: step - 1, total })
    return after(run.yieldToEventLoop(), () => {
      const frame = run.lifetimes.enter()
      this.frame = frame
      const result = always(
        () => this.runObserved(all, step, total),
        () => run.lifetimes.leave(frame),
      )
      if (!run.watched) return result
      return after(result, () =>
        run.emit({ type: 'loopStep', path: [...run.names], step, total, variables: all, state: this.blockState }),
      )
    })
  }

  /** All parts, as an activity if somebody observes. */
  private runObserved(variables: IterationVariables, step: number, total: number | undefined): MaybePromise<void> {
    const runAll = () => inOrder(this.parts, part => this.runPart(part, variables))
    const activity = this.run.announceIteration(step, total)
    return activity ? observed(activity, runAll) : runAll()
  }

  private runPart(part: Part, variables: IterationVariables): MaybePromise<void> {
    const { run } = this
    const depth = run.names.length
    run.names.push(part.name)
    const { block } = part
    const announced = run.announce(classNameOf(block), () => writtenValues(block, name => this.blockState[name]))
    const fail = (error: unknown): never => {
      const failure = run.failure(error, classNameOf(part.block))
      announced?.fail(failure)
      run.names.length = depth
      throw failure
    }
    const call = () => part.call(variables)
    try {
      const result = after(announced ? announced.within(call) : call(), () => run.settle(this.frame as Frame))
      if (isPromise(result)) {
        return result.then(() => {
          announced?.end()
          run.names.length = depth
        }, fail)
      }
    } catch (error) {
      fail(error)
    }
    announced?.end()
    run.names.length = depth
  }

  private prepareAll(blocks: ReadonlyMap<string, BlockNode>): Part[] {
    return [...blocks].map(([name, block]) => ({ name, block, call: this.prepare(name, block) }))
  }

  private prepare(name: string, block: BlockNode): Call {
    if (isConditional(block)) return this.prepareChoice(block)
    if (isComposite(block) && !isLoop(block)) {
      const parts = this.prepareAll(block.subBlocks)
      return variables => inOrder(parts, part => this.runPart(part, variables))
    }
    const plain: Call = isLoop(block)
      ? variables => this.callInnerLoop(this.components, block, this.blockState, variables)
      : this.prepareLeaf(name, block)
    const groups = block.inputs.flatMap(({ name, kwargsType }) => (name === null ? (kwargsType ?? []) : []))
    const call: Call = groups.length === 0 ? plain : variables => this.withGroups(groups, () => plain(variables))
    const { run, fillsIn } = this
    if (!fillsIn && !run.components.isPostponed(block)) return call
    return variables =>
      after(run.components.prepare(block), () => {
        if (fillsIn) this.fillIn(block)
        return call(variables)
      })
  }

  private prepareChoice(block: ChoiceNode): Call {
    const branches = new Map(this.prepareAll(block.subBlocks).map(part => [part.name, part]))
    const { blockState, run } = this
    // What the loop does not know of may still be in the state.
    const value = (trigger: string) => (trigger in blockState ? blockState[trigger] : run.state.get(trigger))
    return variables => {
      const chosen = block.chooseBranch(value)?.[0]
      if (chosen !== undefined) return this.runPart(branches.get(chosen) as Part, variables)
    }
  }

  private prepareLeaf(name: string, block: BlockNode): Call {
    const declared = getDeclarations(block.constructor).loopStep
    if (declared === undefined) return this.prepareCall(name, block)
    const method = (block as unknown as Record<string, StepMethod>)[declared.method] as StepMethod
    const view = bindView(block, () => block.viewNames, this.blockState, this.components)
    if (declared.variables.length === 0) return variables => method.call(view, variables)
    return variables => {
      for (const variable of declared.variables) {
        if (!(variable in variables)) {
          throw new MissingIterationVariableError(this.run.path, variable, Object.keys(variables))
        }
      }
      return method.call(view, variables)
    }
  }

  /** A leaf without a loop step works on the values of the loop in its `call()`, as blocks in Python do. */
  private prepareCall(name: string, block: BlockNode): Call {
    const fault = block.findFault([...this.run.path, name], true)
    if (fault !== undefined) throw fault
    const { components, blockState, run } = this
    return variables =>
      after(block.call(components, blockState, variables), result =>
        requireSameState(result, blockState, run.path, classNameOf(block)),
      )
  }

  /** Collects groups again before a part that takes them: parts before it may have written members. */
  private withGroups<T>(groups: readonly string[], work: () => T): T {
    const { blockState } = this
    for (const group of groups) {
      const tagged = [
        ...(this.membersOf.get(group) ?? []),
        ...Object.keys((blockState[group] as object | undefined) ?? {}),
      ]
      const members = [...new Set(tagged)].filter(name => !isAbsent(blockState[name]))
      blockState[group] = Object.fromEntries(members.map(name => [name, blockState[name]]))
    }
    return work()
  }

  /** Defaults of a part that the loop could not apply for it: those of branches that disagree, or of a sequence's later blocks. */
  private fillIn(block: BlockNode): void {
    const { blockState } = this
    for (const { name, required, default: fallback, typeHint } of block.inputs) {
      if (name === null || (blockState[name] ?? undefined) !== undefined) continue
      if (fallback !== undefined) {
        blockState[name] = copyValue(fallback)
      } else if (required) {
        const available = Object.keys(blockState).filter(key => (blockState[key] ?? undefined) !== undefined)
        throw new MissingInputError({ path: this.run.path, input: name, type: typeHint, available })
      }
    }
  }
}

function groupMembers(blocks: ReadonlyMap<string, BlockNode>): Map<string, Set<string>> {
  const groups = new Map<string, Set<string>>()
  for (const block of blocks.values()) {
    for (const { name, kwargsType } of [...block.inputs, ...block.intermediateOutputs]) {
      if (name === null || kwargsType === undefined) continue
      groups.set(kwargsType, (groups.get(kwargsType) ?? new Set()).add(name))
    }
  }
  return groups
}

/** @throws NotResumableError if a loop ends after fewer iterations than were done before the run was cancelled */
export function requireIterations(run: Run, begun: number, stepsDone: number): void {
  if (begun >= stepsDone) return
  const problem = `${stepsDone} iterations of the loop were already done, but with these inputs the loop has only ${begun}.`
  throw new NotResumableError(problem, run.path)
}
