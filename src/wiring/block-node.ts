/** A tree of blocks as wiring, runtime and documentation see it: what they ask of a block, and no more. The classes are in composition. */
import type { ModularError } from '../errors/modular-error'
import type { ComponentSpec } from '../params/component-spec'
import type { ConfigSpec } from '../params/config-spec'
import type { InputParam } from '../params/input-param'
import type { OutputParam } from '../params/output-param'
import type { CallResult } from '../runtime/call-result'
import type { Components } from '../runtime/components'
import type { IterationVariables } from '../runtime/iteration-variables'
import type { MaybePromise } from '../runtime/maybe-promise'
import type { RunCost, RunPlan, UpcomingCall } from '../runtime/run-cost'
import type { ViewNames } from '../runtime/view-names'
import type { BlockState } from '../state/block-state'
import type { PipelineState } from '../state/pipeline-state'

/** The kinds of blocks: `leaf` does the work, the others say which parts run, and how often. */
export type BlockKind = 'leaf' | 'sequential' | 'loop' | 'conditional' | 'auto'

/** The inputs that choose a workflow; several spellings may choose the same one. */
export type WorkflowTriggers = Readonly<Record<string, true>> | readonly Readonly<Record<string, true>>[]

/** Any block. */
export interface BlockNode {
  /** What kind of block it is. */
  readonly kind: BlockKind
  /** What the block does. */
  readonly description: string
  /** The family that it belongs to. */
  readonly modelName: string | undefined
  /** Its parts by name. */
  readonly subBlocks: ReadonlyMap<string, BlockNode>
  /** What a caller can pass. */
  readonly inputs: readonly InputParam[]
  /** Names of the inputs. */
  readonly inputNames: readonly string[]
  /** Names of inputs that must be passed. */
  readonly requiredInputs: readonly string[]
  /** What its parts write. */
  readonly intermediateOutputs: readonly OutputParam[]
  /** Names of what its parts write. */
  readonly intermediateOutputNames: readonly string[]
  /** What it returns. */
  readonly outputs: readonly OutputParam[]
  /** What must be loaded. */
  readonly expectedComponents: readonly ComponentSpec[]
  /** Settings that it reads. */
  readonly expectedConfigs: readonly ConfigSpec[]
  /** Names by which its values are read and written. */
  readonly viewNames: ViewNames
  /** Does the work; inside a loop, on the values of that, with the iteration variables. */
  call(
    components: Components,
    state: PipelineState | BlockState,
    variables?: IterationVariables,
  ): MaybePromise<CallResult>
  /** What the block costs in a call, as far as that is known before the run. */
  estimateCost?(): MaybePromise<RunCost>
  /** The calls of components that the block will make, as far as they are known. */
  upcomingCalls?(plan: RunPlan): MaybePromise<readonly UpcomingCall[]>
  /** Returns what is wrong with the block itself, if anything is. */
  findFault(path: readonly string[], inLoop: boolean): ModularError | undefined
}

/** A block that chooses among its parts. */
export interface ChoiceNode extends BlockNode {
  readonly blockTriggerInputs: readonly (string | null)[]
  readonly triggerNames: readonly string[]
  readonly defaultBlockName: string | undefined
  chooseBranch(lookUp: (trigger: string) => unknown): readonly [string, BlockNode] | undefined
}

/** A block that runs its parts again and again. */
export interface LoopNode extends BlockNode {
  readonly loopInputs: readonly InputParam[]
  readonly loopIntermediateInputs: readonly InputParam[]
  readonly loopRequiredInputs: readonly string[]
  readonly loopIntermediateOutputs: readonly OutputParam[]
  readonly loopExpectedComponents: readonly ComponentSpec[]
}
