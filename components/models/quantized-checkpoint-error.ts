/** Weights that are quantized. */
import { ModularError } from '../../src/errors/modular-error'
import type { Quantization } from '../quantization/quantization-names'
import { isOwnMethod, quantizationSettings, storedQuantization } from '../quantization/stored-quantization'

/** The config of a model says that its weights are quantized: they are not floats, and need code of the library that made them. */
export class QuantizedCheckpointError extends ModularError {
  override readonly code = 'QUANTIZED_CHECKPOINT'

  constructor(
    /** The config. */
    readonly file: string,
    /** Name of the method, e.g. `bitsandbytes`; `undefined` where the config names none. */
    readonly method: string | undefined,
  ) {
    super(
      `${file}: the weights are quantized${method === undefined ? '' : ` by ${JSON.stringify(method.slice(0, 80))}`} (quantization_config), ` +
        'which is not supported. Load the checkpoint that it was made from, or convert it in Python: load the model, call dequantize() and ' +
        'save_pretrained(). If the weights are floats after all, remove "quantization_config" from the file.',
    )
  }
}

/**
 * Returns how the weights are quantized by a config; `undefined` for weights that are floats.
 *
 * @throws QuantizedCheckpointError for weights that another library has quantized; InvalidConfigError for settings of this library that are not possible
 */
export function readQuantization(config: Readonly<Record<string, unknown>>, file: string): Quantization | undefined {
  const settings = quantizationSettings(config)
  if (settings === undefined) return undefined
  if (isOwnMethod(settings)) return storedQuantization(settings, file)
  const { quant_method: method } = settings as { quant_method?: unknown }
  throw new QuantizedCheckpointError(file, typeof method === 'string' ? method : undefined)
}
