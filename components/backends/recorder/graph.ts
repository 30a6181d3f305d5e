/** What a model computes, written down: kernels of TensorFlow.js in the order in which they run, and the values between them. */
import type { TensorInfo } from '../../checkpoints/checkpoint'
import type { Parameter } from '../../nn/parameter'

/** Element types of recorded values. */
export type GraphDType = 'float32' | 'int32' | 'bool'

/** Whether a graph can hold elements of this type. */
export function isGraphDType(dtype: string): dtype is GraphDType {
  return dtype === 'float32' || dtype === 'int32' || dtype === 'bool'
}

/** What is known of a tensor without its numbers. */
export interface TensorSpec {
  readonly shape: readonly number[]
  readonly dtype: GraphDType
}

/** Numbers that the model made itself, such as the frequencies of a time embedding. */
export type ConstantValues = Float32Array | Int32Array | Uint8Array

/** Where the numbers of a value come from. */
export type ValueOrigin =
  /** The caller gives it again with every call. */
  | { readonly kind: 'input'; readonly name: string }
  /** A weight, in the shape that it has in checkpoints. */
  | { readonly kind: 'parameter'; readonly name: string; readonly parameter: Parameter }
  | { readonly kind: 'constant'; readonly values: ConstantValues }
  | { readonly kind: 'node'; readonly node: GraphNode; readonly index: number }

/** A tensor in a graph. */
export interface GraphValue extends TensorSpec {
  readonly origin: ValueOrigin
}

/** One kernel of the recording. */
export interface GraphNode {
  /** Name of the kernel, as TensorFlow.js registers it. */
  readonly kernel: string
  /** The layer that ran it, by its state-dict name: `down_blocks.0.resnets.0.conv1`; empty for the model itself. */
  readonly layer: string
  /** By the kernel's own names; those of kernels that take a list are numbered. */
  readonly inputs: Readonly<Record<string, GraphValue>>
  readonly attrs: KernelAttrs
  readonly outputs: readonly GraphValue[]
}

/** The attributes of a kernel: numbers, texts and lists, as its op in TensorFlow.js passes them. */
export type KernelAttrs = Readonly<Record<string, unknown>>

/** A recorded model. */
export interface Graph {
  /** Class of the model. */
  readonly model: string
  /** In the order of the call's tensors. */
  readonly inputs: readonly { readonly name: string; readonly value: GraphValue }[]
  /** In execution order. */
  readonly nodes: readonly GraphNode[]
  /** In the order of the result's tensors. */
  readonly outputs: readonly { readonly name: string; readonly value: GraphValue }[]
}

/** The values that a graph refers to and that nothing in it computes: each weight and constant once. */
export function leavesOf(graph: Graph): GraphValue[] {
  const all = [...graph.nodes.flatMap(node => Object.values(node.inputs)), ...graph.outputs.map(output => output.value)]
  return [...new Set(all)].filter(value => value.origin.kind !== 'node')
}

/** The weights that a graph uses. */
export function parametersOf(graph: Graph): Parameter[] {
  return leavesOf(graph).flatMap(({ origin }) => (origin.kind === 'parameter' ? [origin.parameter] : []))
}

/** Where those of them lie that are in files. */
export function sourcesOf(graph: Graph): TensorInfo[] {
  return parametersOf(graph).flatMap(({ source }) => source ?? [])
}

/** Leaves out the kernels whose results nothing uses. */
export function withoutUnused(graph: Graph): Graph {
  const used = new Set<GraphValue>(graph.outputs.map(({ value }) => value))
  const nodes = graph.nodes.toReversed().filter(node => {
    if (!node.outputs.some(output => used.has(output))) return false
    for (const input of Object.values(node.inputs)) used.add(input)
    return true
  })
  return { ...graph, nodes: nodes.reverse() }
}

/** Whether a value is one matrix, whatever its rank. */
export function isMatrix({ shape }: GraphValue): boolean {
  return shape.slice(0, -2).every(length => length === 1)
}

/** The value that another one is in another shape. */
export function behindReshapes(value: GraphValue): GraphValue {
  const { origin } = value
  const source = origin.kind === 'node' && origin.node.kernel === 'Reshape' ? origin.node.inputs.x : undefined
  return source === undefined ? value : behindReshapes(source)
}

/** What a weight of a layer is in its checkpoint, if layers move it by one of these permutations, e.g. `1,0`, and by nothing else. */
export function behindTransposes(value: GraphValue, permutations: readonly string[]): GraphValue | undefined {
  const { origin } = value
  if (origin.kind !== 'node') return undefined
  const { kernel, inputs, attrs } = origin.node
  const [source] = Object.values(inputs)
  if (kernel === 'Transpose' && permutations.includes((attrs.perm as number[]).join())) return source
  // TensorFlow.js brings matrices to rank 3, which moves nothing.
  const isSameMatrix = source && source.shape.slice(-2).join() === value.shape.slice(-2).join()
  return kernel === 'Reshape' && isSameMatrix ? behindTransposes(source, permutations) : undefined
}
