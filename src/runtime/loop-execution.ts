/** The iterations of one loop: its parts are prepared once and then called again and again, on one set of values. */
import type { ModularPipelineBlocks } from '../composition/modular-pipeline-blocks'
import { getDeclarations } from '../decorators/declarations'
import { MissingIterationVariableError, MissingLoopStepError } from '../errors/loop-errors'
import { MissingInputError } from '../errors/missing-input-error'
import type { BlockState } from '../state/block-state'
import { isComposite, isConditional, isLoop } from '../wiring/blocks'
import { bindView } from './bound-view'
import { type Components, RUN } from './components'
import type { Frame } from './lifetimes'
import { after, always, inOrder, isPromise, type MaybePromise } from './maybe-promise'
import type { Run } from './run'

/** What a loop passes to each of its parts, by name. */
export type IterationVariables = Readonly<Record<string, unknown>>

/** A part, ready to be called with the iteration variables. */
interface Part {
  readonly name: string
  readonly className: string
  readonly call: (variables: IterationVariables) => MaybePromise<void>
}

type StepMethod = (this: object, variables: IterationVariables) => MaybePromise<void>

/** The parts of a loop, bound to the values of one run of it. */
export class LoopExecution {
  private readonly run: Run
  private readonly parts: readonly Part[]
  private readonly hasOuter: boolean
  private frame: Frame | undefined

  constructor(
    private readonly components: Components,
    blocks: ReadonlyMap<string, ModularPipelineBlocks>,
    private readonly blockState: BlockState,
    private readonly outer: IterationVariables,
  ) {
    this.run = components[RUN]
    this.hasOuter = Object.keys(outer).length > 0
    this.parts = [...blocks].map(([name, block]) => this.prepare(name, block, false))
  }

  /** One iteration: all parts, in order. */
  step(variables: IterationVariables, total: number | undefined): MaybePromise<void> {
    const { run } = this
    const all = this.hasOuter ? { ...this.outer, ...variables } : variables
    const { step } = run.countIteration(total)
    return after(run.breathe(), () => {
      const frame = run.lifetimes.enter()
      this.frame = frame
      const result = always(
        () => inOrder(this.parts, part => this.runPart(part, all)),
        () => run.lifetimes.leave(frame),
      )
      if (!run.watched) return result
      return after(result, () =>
        run.emit({ type: 'loopStep', path: [...run.names], step, total, variables: all, state: this.blockState }),
      )
    })
  }

  private runPart(part: Part, variables: IterationVariables): MaybePromise<void> {
    const { run } = this
    const depth = run.names.length
    run.names.push(part.name)
    const end = run.watched ? run.announce(part.className) : undefined
    const fail = (error: unknown): never => {
      const failure = run.failure(error, part.className)
      run.names.length = depth
      throw failure
    }
    try {
      const result = after(part.call(variables), () => run.settle(this.frame as Frame))
      if (isPromise(result)) {
        return result.then(() => {
          end?.()
          run.names.length = depth
        }, fail)
      }
    } catch (error) {
      fail(error)
    }
    end?.()
    run.names.length = depth
  }

  private prepare(name: string, block: ModularPipelineBlocks, isBranch: boolean): Part {
    const part = { name, className: block.constructor.name }
    if (isLoop(block)) return { ...part, call: variables => block.runLoop(this.components, this.blockState, variables) }
    if (isConditional(block)) {
      const branches = new Map([...block.subBlocks].map(([key, branch]) => [key, this.prepare(key, branch, true)]))
      const choose = () => block.chooseBranch(trigger => this.blockState[trigger])?.[0]
      return {
        ...part,
        call: variables => {
          const chosen = choose()
          if (chosen !== undefined) return this.runPart(branches.get(chosen) as Part, variables)
        },
      }
    }
    if (isComposite(block)) {
      const parts = [...block.subBlocks].map(([key, inner]) => this.prepare(key, inner, isBranch))
      return { ...part, call: variables => inOrder(parts, inner => this.runPart(inner, variables)) }
    }
    return { ...part, call: this.prepareLeaf(name, block, isBranch) }
  }

  private prepareLeaf(name: string, block: ModularPipelineBlocks, isBranch: boolean): Part['call'] {
    const declared = getDeclarations(block.constructor).loopStep
    if (declared === undefined) throw new MissingLoopStepError([...this.run.path, name], block.constructor.name)
    const method = (block as unknown as Record<string, StepMethod>)[declared.method] as StepMethod
    const view = bindView(block, () => block.viewNames, this.blockState, this.components)
    if (declared.variables.length === 0 && !isBranch) return variables => method.call(view, variables)
    return variables => {
      for (const variable of declared.variables) {
        if (!(variable in variables)) {
          throw new MissingIterationVariableError(this.run.path, variable, Object.keys(variables))
        }
      }
      if (isBranch) this.applyDefaults(block)
      return method.call(view, variables)
    }
  }

  /** A branch applies its own defaults when it runs: those of branches that disagree are not known before. */
  private applyDefaults(block: ModularPipelineBlocks): void {
    for (const { name, required, default: fallback, typeHint } of block.inputs) {
      if (name === null || (this.blockState[name] ?? undefined) !== undefined) continue
      if (fallback !== undefined) this.blockState[name] = fallback
      else if (required) {
        const available = Object.keys(this.blockState).filter(key => this.blockState[key] !== undefined)
        throw new MissingInputError({ path: this.run.path, input: name, type: typeHint, available })
      }
    }
  }
}
