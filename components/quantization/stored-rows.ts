/** Weights that are integers in their file, so that nothing has to be rounded. */
import type { RowDType, TensorInfo } from '../checkpoints/checkpoint'
import { isRowDType } from '../checkpoints/weight-dtypes'
import type { Parameter } from '../nn/parameter'

/** Where the two parts of a weight are. */
export interface StoredRows {
  readonly form: RowDType
  /** float32. */
  readonly scales: TensorInfo
  /** Integers in the order of the form. */
  readonly values: TensorInfo
}

/**
 * Where a weight is in integers; `undefined` for one whose numbers are others by now, e.g. because they were cast to half precision.
 *
 * @param form the form that is wanted. Default: any
 */
export function storedRows({ origin, cast }: Parameter, form?: RowDType): StoredRows | undefined {
  if (origin?.scale === undefined || !isRowDType(origin.dtype) || cast.roundings.length > 0) return undefined
  if (form !== undefined && form !== origin.dtype) return undefined
  return { form: origin.dtype, scales: origin.scale, values: origin }
}
