/** What casting a model to half precision does, and what it does not. */
import { emitWarningOnce } from '../../src/errors/emit-warning'
import type { Executor } from '../executors/executor'

/**
 * Warns once, for each type and place, that a model computes in float32 though its weights were asked for in half precision: PyTorch would compute in it.
 *
 * @param dtype what the weights are cast to
 * @param executor what computes
 */
export function warnOfHalfPrecision(
  dtype: string | undefined,
  { backend, quantizations }: Pick<Executor, 'backend' | 'quantizations'>,
): void {
  if (dtype !== 'float16' && dtype !== 'bfloat16') return
  const message = `dtype "${dtype}" only rounds the weights and sets the dtype that they are saved in. ${backend} computes in float32, so steps are not faster.${quantizations.length > 0 ? ' Use a quantization to save time or memory.' : ''}`
  emitWarningOnce('COMPUTES_IN_FLOAT32', message)
}
