/** What a kernel's result looks like, from its inputs and attributes. */
import type { GraphValue, KernelAttrs, TensorSpec } from '../graph'

/** The inputs of a kernel by name. */
export type KernelInputs = Readonly<Record<string, GraphValue>>

/** Shape and type of each result of a kernel. */
export type Infer = (inputs: KernelInputs, attrs: KernelAttrs) => TensorSpec | TensorSpec[]

/** A form of a kernel that a graph cannot hold; the message continues after "The kernel …, which … runs,". */
export class UnsupportedForm extends Error {}

/** The axes that a reduction goes along; the maximum's have a name of their own. @returns `undefined` for all */
export function reductionAxes({ axis, reductionIndices }: KernelAttrs): number | number[] | undefined {
  return (axis ?? reductionIndices) as number | number[] | undefined
}

/** The input of that name, which the kernel always has. */
export function input(inputs: KernelInputs, name: string): GraphValue {
  return inputs[name] as GraphValue
}
