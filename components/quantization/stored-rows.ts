/** Weights that are in 8 bits in their file, so that nothing has to be rounded. */
import type { TensorInfo } from '../checkpoints/checkpoint'
import { isRowDType } from '../checkpoints/weight-dtypes'
import type { Parameter } from '../nn/parameter'

/** Where the two parts of a weight lie. */
export interface StoredRows {
  /** One float32 for each row. */
  readonly scales: TensorInfo
  /** 8-bit integers in the order of the weight. */
  readonly values: TensorInfo
}

/** Where a weight is in 8 bits; `undefined` for one whose numbers are others by now, e.g. because they were cast to half precision. */
export function storedRows({ origin, cast }: Parameter): StoredRows | undefined {
  if (origin?.scale === undefined || !isRowDType(origin.dtype) || cast.roundings.length > 0) return undefined
  return { scales: origin.scale, values: origin }
}
