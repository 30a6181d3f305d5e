/** Which weights of a model are quantized, before anything is computed. */
import { capture } from '../backends/recorder/capture'
import { parametersOf } from '../backends/recorder/graph'
import type { RowDType } from '../checkpoints/checkpoint'
import type { ModelFunction } from '../models/call-size'
import type { Module } from '../nn/module'
import type { Parameter } from '../nn/parameter'
import type { Quantization, WeightForms } from './quantization-names'
import { quantizeGraph } from './quantize-graph'

/** A model that says what it is called with. */
type RecordableModel = Module & { readonly functions: Readonly<Record<string, ModelFunction>> }

/**
 * Returns the weights that every function of a model that uses them computes with in integers of one form, called for one sample of the model's own size. The functions are
 * recorded; nothing is computed, and no weight is read.
 */
export function quantizedWeightsOf(model: RecordableModel, quantization: Quantization): WeightForms {
  const own = new Set(model.parameters())
  const quantized = new Map<Parameter, RowDType>()
  const others = new Set<Parameter>()
  for (const { shapes, forward } of Object.values(model.functions)) {
    const { graph } = capture(model, shapes({ batch: 1 }) as never, forward)
    const { weights } = quantizeGraph(graph, own, quantization)
    for (const weight of parametersOf(graph)) {
      const form = weights.get(weight)
      if (form === undefined || (quantized.get(weight) ?? form) !== form) others.add(weight)
      else quantized.set(weight, form)
    }
  }
  return new Map([...quantized].filter(([weight]) => !others.has(weight)))
}
