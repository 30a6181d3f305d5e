/** A call of a model as a list of kernels, which run one by one and let the event loop turn in between. */
import { runInSlices, TimeSlice } from '../../../src/runtime/time-slice'
import { type Capture, capture, OutputSlot } from '../../backends/recorder/capture'
import type { GraphNode, GraphValue } from '../../backends/recorder/graph'
import { mapReplaced } from '../../backends/recorder/tensor-tree'
import { fusedCompositions } from '../../nn/fused-compositions'
import type { Module } from '../../nn/module'
import type { Parameter } from '../../nn/parameter'
import * as tf from '../../tensors/tf'
import type { ModelCall } from '../model-call'
import { runKernelForAll } from './run-kernel'
import { type PieceBudget, splitKernel, USUAL_BUDGET } from './split-kernels'

/** One kernel, and the values that nothing needs after it. */
interface KernelStep {
  readonly node: GraphNode
  readonly lastUses: readonly GraphValue[]
}

/** How a program runs. */
export interface RunProgramOptions {
  readonly signal?: AbortSignal | undefined
  /** How large pieces of kernels are. */
  readonly budget?: PieceBudget | undefined
}

/** A recorded call, which can be run for any inputs of the same form. */
export class KernelProgram {
  private readonly steps: readonly KernelStep[]
  /** The parts of the modules when they were recorded. */
  private readonly parts: readonly (Module | Parameter)[]
  private readonly inputs: ReadonlyMap<GraphValue, number>

  private constructor(
    private readonly modules: readonly Module[],
    private readonly recorded: Capture,
  ) {
    const { graph } = recorded
    this.parts = modules.flatMap(modulesAndParameters)
    this.inputs = new Map(graph.inputs.map(({ value }, i) => [value, i]))
    this.steps = stepsOf(recorded)
  }

  /**
   * Records a call.
   *
   * @throws what the model throws for inputs that do not fit, and what {@link capture} throws
   */
  static record({ model, inputs, forward, hookWeights = [] }: ModelCall<never, unknown>): KernelProgram {
    return new KernelProgram([model, ...hookWeights], capture(model, inputs, forward, hookWeights))
  }

  /** Whether the model and its hooks still consist of the modules and weights that they were recorded with. */
  get isCurrent(): boolean {
    const parts = this.modules.flatMap(modulesAndParameters)
    return parts.length === this.parts.length && parts.every((part, i) => part === this.parts[i])
  }

  /**
   * Computes the call.
   *
   * @param tensors of its inputs, in their order
   * @throws WeightsNotLoadedError; the reason of `signal`. No tensor is left then
   */
  async run(tensors: readonly tf.Tensor[], { signal, budget }: RunProgramOptions = {}): Promise<unknown> {
    const values = new ValueStore(this.inputs, tensors)
    const slice = new TimeSlice(signal)
    try {
      for (const { node, lastUses } of this.steps) {
        const inputs: Record<string, tf.Tensor> = {}
        for (const [name, value] of Object.entries(node.inputs)) inputs[name] = await values.get(value)
        values.set(node.outputs, await runNode(node, inputs, { signal, budget }))
        for (const value of lastUses) values.release(value)
        if (slice.isOver) await slice.next()
      }
      return await this.assemble(values)
    } finally {
      values.dispose()
    }
  }

  /** Puts the results where the model had them. */
  private async assemble(values: ValueStore): Promise<unknown> {
    const results: tf.Tensor[] = []
    const taken = new Map<GraphValue, tf.Tensor>()
    for (const { value } of this.recorded.graph.outputs) {
      const own = values.take(value)
      if (own) taken.set(value, own)
      // The caller owns them: a tensor of another owner, or one that appears twice, is copied.
      results.push(own ?? (taken.get(value) ?? (await values.get(value))).clone())
    }
    return mapReplaced(this.recorded.result, OutputSlot, ({ index }) => results[index])
  }
}

/** The tensors of one run. Those that it makes itself are its own. */
class ValueStore {
  private readonly own = new Map<GraphValue, tf.Tensor>()

  constructor(
    private readonly inputs: ReadonlyMap<GraphValue, number>,
    private readonly tensors: readonly tf.Tensor[],
  ) {}

  /** The tensor of a value. Weights that are in their file are read. */
  async get(value: GraphValue): Promise<tf.Tensor> {
    const known = this.own.get(value)
    if (known) return known
    const input = this.inputs.get(value)
    if (input !== undefined) return this.tensors[input] as tf.Tensor
    const parameter = weightOf(value)
    if (parameter) {
      if (!parameter.isInMemory) await parameter.fetch()
      return parameter.tensor
    }
    const { origin, shape, dtype } = value
    // All others were computed by an earlier step.
    const numbers = origin.kind === 'constant' ? origin.values : []
    const constant = tf.tensor(numbers, [...shape], dtype)
    this.own.set(value, constant)
    return constant
  }

  set(values: readonly GraphValue[], tensors: readonly tf.Tensor[]): void {
    for (const [i, tensor] of tensors.entries()) this.own.set(values[i] as GraphValue, tensor)
  }

  /** Gives a tensor away, if it is the run's own. */
  take(value: GraphValue): tf.Tensor | undefined {
    const tensor = this.own.get(value)
    this.own.delete(value)
    return tensor
  }

  release(value: GraphValue): void {
    this.take(value)?.dispose()
  }

  dispose(): void {
    for (const value of [...this.own.keys()]) this.release(value)
  }
}

async function runNode(
  { kernel, attrs, outputs }: GraphNode,
  inputs: Readonly<Record<string, tf.Tensor>>,
  { signal, budget = USUAL_BUDGET }: RunProgramOptions,
): Promise<readonly tf.Tensor[]> {
  const [output] = outputs
  // Where a backend has a kernel of ours, it is the faster one.
  const isOfBackend = kernel in fusedCompositions && tf.getKernel(kernel, tf.getBackend()) !== undefined
  const isSplittable = outputs.length === 1 && output?.dtype === 'float32' && !isOfBackend
  const loop = isSplittable ? splitKernel({ kernel, inputs, attrs, shape: output.shape }, budget) : undefined
  return loop ? [await runInSlices(loop, signal)] : runKernelForAll({ kernel, inputs, attrs })
}

/** The kernels to run, in order. Those that only bring weights to the order of layers are left out: parameters hold them so. */
function stepsOf({ graph }: Capture): KernelStep[] {
  const nodes = graph.nodes.filter(({ outputs: [output] }) => output && weightOf(output) === undefined)
  const kept = new Set(graph.outputs.map(({ value }) => value))
  const lastUse = new Map<GraphValue, GraphNode>()
  for (const node of nodes)
    for (const value of [...node.outputs, ...Object.values(node.inputs)]) lastUse.set(value, node)
  const usesOf = new Map<GraphNode, GraphValue[]>()
  for (const [value, node] of lastUse) {
    if (!kept.has(value)) usesOf.set(node, [...(usesOf.get(node) ?? []), value])
  }
  return nodes.map(node => ({ node, lastUses: usesOf.get(node) ?? [] }))
}

/** The weight that a value is, as stored or in the order that layers use. */
function weightOf({ origin }: GraphValue): Parameter | undefined {
  if (origin.kind === 'parameter') return origin.parameter.permutation ? undefined : origin.parameter
  if (origin.kind !== 'node' || origin.node.kernel !== 'Transpose') return undefined
  const { inputs, attrs } = origin.node
  const stored = inputs['x']?.origin
  if (stored?.kind !== 'parameter') return undefined
  const { permutation } = stored.parameter
  return permutation && String(permutation) === String(attrs['perm']) ? stored.parameter : undefined
}

function modulesAndParameters(model: Module): (Module | Parameter)[] {
  return [...[...model.namedModules()].map(([, module]) => module), ...model.parameters()]
}
