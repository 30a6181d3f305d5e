/** How a recorded kernel becomes operators of ONNX. */
import type { GraphNode, GraphValue } from '../../recorder/graph'
import type { OnnxBuilder } from '../onnx-builder'

/** Adds the operators for a node, and binds the node's outputs. */
export type OperatorWriter = (node: GraphNode, builder: OnnxBuilder) => void

/** The input of that name, which the kernel always has. */
export function inputOf(node: GraphNode, name: string): GraphValue {
  return node.inputs[name] as GraphValue
}

/** The only output. */
export function outputOf(node: GraphNode): GraphValue {
  return node.outputs[0] as GraphValue
}

/** The position of a channels-last axis in channels-first maps. */
export function axisInFirst(axis: number): number {
  return [0, 2, 3, 1][axis] as number
}

/** An axis that may be counted from the end, counted from the start. */
export function axisFromStart(axis: unknown, rank: number): number {
  return ((axis as number) + rank) % rank
}
