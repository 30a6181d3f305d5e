/** Every kernel that can be recorded, with what its result looks like. */
import { arrayKernels } from './arrays'
import { elementwiseKernels } from './elementwise'
import type { Infer } from './inference'
import { neuralKernels } from './neural'
import { reductionKernels } from './reductions'

/** By the name under which TensorFlow.js registers the kernel. */
export const inferences: Readonly<Record<string, Infer>> = {
  ...elementwiseKernels,
  ...arrayKernels,
  ...reductionKernels,
  ...neuralKernels,
}
