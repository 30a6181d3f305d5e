/** What a kernel's result looks like, from its inputs and attributes. */
import type { GraphValue, KernelAttrs, TensorSpec } from '../graph'

/** The inputs of a kernel by name. */
export type KernelInputs = Readonly<Record<string, GraphValue>>

/** Shape and type of each result of a kernel. */
export type Infer = (inputs: KernelInputs, attrs: KernelAttrs) => TensorSpec | TensorSpec[]

/** The input of that name, which the kernel always has. */
export function input(inputs: KernelInputs, name: string): GraphValue {
  return inputs[name] as GraphValue
}
