/** Values that options of several commands choose from. They are written here, because a command loads components only when it runs. */
import type { Quantization, QuantizationChoice } from '../components/quantization/quantization-names'

/** What `--executor` takes. */
export const executors = ['auto', 'eager', 'graph']

/** What `--provider` takes. */
export const providers = ['cpu', 'webgpu', 'cuda']

/** What `--prompt-syntax` takes. */
export const promptSyntaxes = ['plain', 'a1111']

/** What `quantize --to` takes. */
export const storedQuantizations: Quantization[] = ['int8', 'int8wo', 'int4']

/** What `--quantization` takes. */
export const quantizations: QuantizationChoice[] = [...storedQuantizations, 'auto']
