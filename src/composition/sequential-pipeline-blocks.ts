/** Blocks that run one after another. Counterpart: diffusers modular_pipelines/modular_pipeline.py. */
import { UnusedCallError } from '../errors/loop-errors'
import type { ModularError } from '../errors/modular-error'
import { NoWorkflowsError, UnknownWorkflowError } from '../errors/workflow-errors'
import { classNameOf } from '../format/class-name'
import type { InputParam } from '../params/input-param'
import type { CallResult } from '../runtime/call-result'
import { type Components, RUN } from '../runtime/components'
import { executeBlock } from '../runtime/execute'
import { inOrder, type MaybePromise } from '../runtime/maybe-promise'
import type { PipelineState } from '../state/pipeline-state'
import type { WorkflowTriggers } from '../wiring/block-node'
import { mayBeSkipped } from '../wiring/blocks'
import { executionBlocks } from '../wiring/workflows'
import { CompositeBlocks } from './composite-blocks'
import type { ModularPipelineBlocks } from './modular-pipeline-blocks'
import { defineReplaceable } from './replaceable'

/** What a subclass may state by a getter or by a field. */
export interface SequentialPipelineBlocks {
  /** Names of workflows with the inputs that choose them. */
  readonly workflowMap: Readonly<Record<string, WorkflowTriggers>> | undefined
}

/**
 * A sequence. What an earlier block writes satisfies a later one's inputs; what is left over are the inputs of the sequence.
 *
 * ```ts
 * class TextToImage extends SequentialPipelineBlocks {
 *   @Step() encodePrompt = slot(EncodePrompt)
 *   @Step() denoise = slot(DenoiseLoop)
 *   @Step() decode = slot(DecodeLatents)
 * }
 * ```
 */
export class SequentialPipelineBlocks extends CompositeBlocks {
  static override readonly className: string = 'SequentialPipelineBlocks'

  override get kind(): 'sequential' {
    return 'sequential'
  }

  /** The parts' inputs that no earlier part writes; the first declaration of a name stands, with the first description that there is. */
  override get inputs(): readonly InputParam[] {
    const inputs = new Map<string | null, InputParam>()
    const produced = new Set<string | null>()
    for (const block of this.subBlocks.values()) {
      for (const input of block.inputs) {
        if (produced.has(input.name)) continue
        const known = inputs.get(input.name)
        if (known === undefined) inputs.set(input.name, input)
        else if (known.description === '' && input.description !== '') {
          inputs.set(input.name, known.with({ description: input.description }))
        }
      }
      // A block that may be skipped promises nothing to those after it.
      if (!mayBeSkipped(block)) for (const name of block.intermediateOutputNames) produced.add(name)
    }
    return [...inputs.values()]
  }

  /** Names that at least one part requires, whatever supplies them. */
  override get requiredInputs(): readonly string[] {
    return [...new Set([...this.subBlocks.values()].flatMap(block => block.requiredInputs))]
  }

  override call(components: Components, state: PipelineState): MaybePromise<CallResult> {
    const { names, resumption } = components[RUN]
    const blocks = resumption?.remaining([...this.subBlocks], names) ?? [...this.subBlocks]
    return inOrder(blocks, ([name, block]) => executeBlock(components, state, name, block))
  }

  override findFault(path: readonly string[], inLoop: boolean): ModularError | undefined {
    const overridesCall = this.call !== SequentialPipelineBlocks.prototype.call
    return inLoop && overridesCall ? new UnusedCallError(path, classNameOf(this)) : super.findFault(path, inLoop)
  }

  override get availableWorkflows(): readonly string[] {
    if (this.workflowMap === undefined) throw new NoWorkflowsError(classNameOf(this))
    return Object.keys(this.workflowMap)
  }

  /** The sequence of blocks that a workflow runs. It returns the outputs of the whole tree that it has.
   * @throws UnknownWorkflowError, NoWorkflowsError */
  override getWorkflow(name: string): SequentialPipelineBlocks {
    const available = this.availableWorkflows
    const triggers = available.includes(name) ? this.workflowMap?.[name] : undefined
    if (triggers === undefined) throw new UnknownWorkflowError(classNameOf(this), name, available)
    const first = Array.isArray(triggers) ? (triggers[0] as Readonly<Record<string, true>>) : triggers
    const chosen = this.getExecutionBlocks(first as Readonly<Record<string, true>>)
    const written = chosen.intermediateOutputNames
    return Object.assign(chosen, { outputs: this.outputs.filter(({ name }) => written.includes(name)) })
  }

  /** The blocks that would run if these inputs were given, as one flat sequence with dotted names. The blocks themselves are shared. */
  override getExecutionBlocks(inputs: Readonly<Record<string, unknown>> = {}): SequentialPipelineBlocks {
    const chosen = new SequentialPipelineBlocks()
    for (const [name, block] of executionBlocks<ModularPipelineBlocks>(this, inputs)) chosen.subBlocks.set(name, block)
    return chosen
  }
}

defineReplaceable(SequentialPipelineBlocks, { workflowMap: () => undefined })
