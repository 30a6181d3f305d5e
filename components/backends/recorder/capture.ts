/** Records a model as a graph by running it once on tensors without numbers. */
import { classNameOf } from '../../../src/format/class-name'
import type { Module } from '../../nn/module'
import { withParameterReader } from '../../nn/parameter'
import { wrapForwards } from '../../nn/wrap-forwards'
import type * as tf from '../../tensors/tf'
import { type Graph, type GraphValue, isGraphDType, withoutUnused } from './graph'
import { Recording, record } from './recorder-backend'
import { UnsupportedKernelError } from './recording-errors'
import { flattenTree, mapTree, type TreeLeaf } from './tensor-tree'

/** A recorded call. */
export interface Capture {
  readonly graph: Graph
  /** What the call returned, with an {@link OutputSlot} in the place of each tensor. */
  readonly result: unknown
}

/** Marks the place of a tensor in a result. */
export class OutputSlot {
  constructor(
    /** Index among the graph's outputs. */
    readonly index: number,
  ) {}
}

/**
 * Runs a function of a model on its example inputs, of which only shapes and types matter, and returns what was computed.
 * Tensors among the inputs, to any depth, become inputs of the graph; everything else is part of it.
 *
 * @param forward - the function; it must not wait for anything
 * @param hookWeights - modules whose weights it uses beside those of the model
 * @throws UnsupportedKernelError naming the kernel and the layer that ran it; RecordedValueError for a layer that reads values;
 * whatever the model throws for inputs that do not fit
 */
export function capture<I>(
  model: Module,
  exampleInputs: I,
  forward: (inputs: I) => unknown,
  hookWeights: readonly Module[] = [],
): Capture {
  const parameters = [
    ...model.namedParameters(),
    ...hookWeights.flatMap((weights, i) => [...weights.namedParameters(`hooks.${i}.`)]),
  ]
  const recording = new Recording(classNameOf(model), parameters)
  const inputs: { name: string; value: GraphValue }[] = []
  return record(recording, ({ tensorOf, valueBehind }) => {
    const symbol = ({ name, tensor: { shape, dtype } }: TreeLeaf) => {
      if (!isGraphDType(dtype)) {
        throw new UnsupportedKernelError('Input', recording.model, '', `holds elements of type ${dtype}`)
      }
      const value = { shape: [...shape], dtype, origin: { kind: 'input', name } } as GraphValue
      inputs.push({ name, value })
      return tensorOf(value)
    }
    const symbols = mapTree(exampleInputs, symbol) as I
    const stop = wrapForwards(model, (name, run) => {
      recording.layers.push(name)
      try {
        return run()
      } finally {
        recording.layers.pop()
      }
    })
    try {
      const result = withParameterReader(
        parameter => tensorOf(recording.parameter(parameter)),
        () => forward(symbols),
      )
      const outputs = flattenTree(result, 'output').leaves.map(({ name, tensor }) => ({
        name,
        value: valueBehind(tensor as tf.Tensor),
      }))
      let count = 0
      const graph = withoutUnused({ model: recording.model, inputs, nodes: recording.nodes, outputs })
      return { graph, result: mapTree(result, () => new OutputSlot(count++)) }
    } finally {
      stop()
    }
  })
}
