/** Every kernel that can be written as ONNX: the same that can be recorded. */
import { arrayOperators } from './arrays'
import { elementwiseOperators } from './elementwise'
import { neuralOperators } from './neural'
import type { OperatorWriter } from './operator-writer'
import { reductionOperators } from './reductions'

/** By the kernel's name. */
export const operatorWriters: Readonly<Record<string, OperatorWriter>> = {
  ...elementwiseOperators,
  ...arrayOperators,
  ...reductionOperators,
  ...neuralOperators,
}
