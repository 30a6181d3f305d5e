/** Blocks of which one runs, or none. Counterpart: diffusers modular_pipelines/modular_pipeline.py. */

import { CompositionError } from '../errors/composition-error'
import { UnusedCallError } from '../errors/loop-errors'
import type { ModularError } from '../errors/modular-error'
import { NotImplementedError } from '../errors/not-implemented-error'
import { classNameOf } from '../format/class-name'
import type { InputParam } from '../params/input-param'
import type { OutputParam } from '../params/output-param'
import type { CallResult } from '../runtime/call-result'
import { type Components, RUN } from '../runtime/components'
import { executeBlock } from '../runtime/execute'
import type { MaybePromise } from '../runtime/maybe-promise'
import type { PipelineState } from '../state/pipeline-state'
import type { ChoiceNode } from '../wiring/block-node'
import { isComposite, isLoop } from '../wiring/blocks'
import { combineInputs, combineOutputs, markRequired } from '../wiring/combine'
import { CompositeBlocks } from './composite-blocks'
import type { ModularPipelineBlocks } from './modular-pipeline-blocks'
import { defineReplaceable } from './replaceable'

/** The values of the trigger names; only whether they are there may decide. */
export type TriggerValues = Readonly<Record<string, unknown>>

/** What a subclass may state by a getter or by a field. */
export interface ConditionalPipelineBlocks {
  /** Names that `selectBlock()` is given; `null` entries are ignored. By default the triggers that the branches name. */
  readonly blockTriggerInputs: readonly (string | null)[]
  /** Branch that runs if none is selected; `undefined`: none runs. */
  readonly defaultBlockName: string | undefined
}

/**
 * A choice among branches. A subclass lists the names that matter (`blockTriggerInputs`) and chooses with
 * `selectBlock()`. The method may only look at which of them are present: it is also called before the run, when values
 * of inner blocks do not exist yet.
 */
export class ConditionalPipelineBlocks extends CompositeBlocks implements ChoiceNode {
  static override readonly className: string = 'ConditionalPipelineBlocks'

  override get kind(): 'conditional' | 'auto' {
    return 'conditional'
  }

  /** The triggers that the branches name. */
  protected declaredTriggers(): readonly (string | null)[] {
    return [...this.declarations.steps.values()].flatMap(branch => branch.when ?? [])
  }

  /** The branch that is marked as the default. */
  protected declaredDefault(): string | undefined {
    for (const [name, branch] of this.declarations.steps) if (branch.otherwise) return name
    return undefined
  }

  /** Name of the branch to run, or `undefined` for the default one.
   * @throws NotImplementedError unless a subclass says how to choose */
  selectBlock(_triggers: TriggerValues): string | undefined {
    throw this.ruleMissing()
  }

  override findFault(path: readonly string[], inLoop: boolean): ModularError | undefined {
    const { call, selectBlock } = ConditionalPipelineBlocks.prototype
    if (this.selectBlock === selectBlock) return this.ruleMissing(path)
    return inLoop && this.call !== call ? new UnusedCallError(path, classNameOf(this)) : undefined
  }

  private ruleMissing(path?: readonly string[]): NotImplementedError {
    const advice = 'return the name of the branch to run, or undefined.'
    return new NotImplementedError(classNameOf(this), 'selectBlock()', advice, path)
  }

  /** Names that choose, without the default's empty entry. */
  get triggerNames(): readonly string[] {
    return this.blockTriggerInputs.filter(name => name !== null)
  }

  /**
   * The branch that runs when the triggers have these values, with its name.
   * @throws CompositionError when `selectBlock()` names a branch that does not exist
   */
  chooseBranch(lookUp: (trigger: string) => unknown): readonly [string, ModularPipelineBlocks] | undefined {
    const triggers: Record<string, unknown> = {}
    for (const name of this.triggerNames) triggers[name] = lookUp(name) ?? undefined
    const name = this.selectBlock(triggers) ?? this.defaultBlockName
    if (name === undefined) return undefined
    const block = this.subBlocks.get(name)
    if (block === undefined) {
      const known = [...this.subBlocks.keys()].join(', ')
      throw new CompositionError(classNameOf(this), `selectBlock() chose "${name}", but the branches are ${known}.`)
    }
    return [name, block]
  }

  protected override checkComposition(): void {
    super.checkComposition()
    const name = this.defaultBlockName
    if (name !== undefined && !this.blockNames.includes(name)) {
      throw new CompositionError(
        classNameOf(this),
        `defaultBlockName is "${name}", which is not one of the branches ${this.blockNames.join(', ')}.`,
      )
    }
  }

  /** Names that every branch requires; none if all branches may be skipped. */
  override get requiredInputs(): readonly string[] {
    const [first, ...others] = [...this.subBlocks.values()].map(block => block.requiredInputs)
    if (first === undefined || this.defaultBlockName === undefined) return []
    return first.filter(name => others.every(required => required.includes(name)))
  }

  /** The branches' inputs; one whose default differs between branches has none, and records theirs. */
  override get inputs(): readonly InputParam[] {
    const combined = combineInputs([...this.subBlocks].map(([name, block]) => [name, block.inputs]))
    return markRequired(combined, new Set(this.requiredInputs))
  }

  override get outputs(): readonly OutputParam[] {
    return combineOutputs([...this.subBlocks.values()].map(block => block.outputs))
  }

  override call(components: Components, state: PipelineState): MaybePromise<CallResult> {
    const { names, resumption } = components[RUN]
    // What its own blocks have written since might choose another branch.
    const branch = resumption?.branch(this.subBlocks, names) ?? this.chooseBranch(name => state.get(name))
    if (branch) return executeBlock(components, state, branch[0], branch[1])
  }

  /** The block that these inputs choose, or the blocks inside it; `undefined` if the choice is none. */
  override getExecutionBlocks(inputs: Readonly<Record<string, unknown>> = {}): ModularPipelineBlocks | undefined {
    const block = this.chooseBranch(name => inputs[name])?.[1]
    return block && isComposite(block) && !isLoop(block) ? block.getExecutionBlocks(inputs) : block
  }
}

defineReplaceable(ConditionalPipelineBlocks, {
  blockTriggerInputs() {
    return this['declaredTriggers']()
  },
  defaultBlockName() {
    return this['declaredDefault']()
  },
})
