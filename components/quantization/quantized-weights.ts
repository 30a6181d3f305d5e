/** Which weights of a model are quantized, before anything is computed. */
import { capture } from '../backends/recorder/capture'
import { parametersOf } from '../backends/recorder/graph'
import type { ModelFunction } from '../models/call-size'
import type { Module } from '../nn/module'
import type { Parameter } from '../nn/parameter'
import { quantizeGraph } from './quantize-graph'

/** A model that says what it is called with. */
type RecordableModel = Module & { readonly functions: Readonly<Record<string, ModelFunction>> }

/**
 * Returns the weights that every function of a model that uses them computes with in 8 bits, called for one sample of the model's own size. The functions are recorded;
 * nothing is computed, and no weight is read.
 */
export function quantizedWeightsOf(model: RecordableModel): ReadonlySet<Parameter> {
  const own = new Set(model.parameters())
  const quantized = new Set<Parameter>()
  const others = new Set<Parameter>()
  for (const { shapes, forward } of Object.values(model.functions)) {
    const { graph } = capture(model, shapes({ batch: 1 }) as never, forward)
    const { weights } = quantizeGraph(graph, own)
    for (const weight of parametersOf(graph)) (weights.has(weight) ? quantized : others).add(weight)
  }
  return new Set([...quantized].filter(weight => !others.has(weight)))
}
