/** Every kernel that can be written as ONNX: those that can be recorded, and those that quantization makes of them. */
import { arrayOperators } from './arrays'
import { elementwiseOperators } from './elementwise'
import { nBitsOperators } from './n-bits'
import { neuralOperators } from './neural'
import type { OperatorWriter } from './operator-writer'
import { quantizedOperators } from './quantized'
import { reductionOperators } from './reductions'

/** By the kernel's name. */
export const operatorWriters: Readonly<Record<string, OperatorWriter>> = {
  ...elementwiseOperators,
  ...arrayOperators,
  ...reductionOperators,
  ...neuralOperators,
  ...quantizedOperators,
  ...nBitsOperators,
}
