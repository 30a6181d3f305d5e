/** What to say of a quantization that changes nothing. */
import { emitWarningOnce } from '../../src/errors/emit-warning'
import type { Quantization } from './quantization-names'

/** Warns once, for each class and quantization, of a call in which no layer can be quantized: one with few channels, for instance. */
export function warnOfNothingQuantized(model: string, quantization: Quantization): void {
  const message = `${model}: quantization "${quantization}" has no effect, because no layer of this call can be quantized. It computes in float32.`
  emitWarningOnce('NOTHING_QUANTIZED', message)
}
