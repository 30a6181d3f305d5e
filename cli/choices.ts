/** Values that options of several commands choose from. */
import { QUANTIZATION_CHOICES, QUANTIZATIONS } from '../components/quantization/quantization-names'

/** What `--executor` takes. */
export const executors = ['auto', 'eager', 'graph']

/** What `--provider` takes. */
export const providers = ['cpu', 'webgpu', 'cuda']

/** What `--prompt-syntax` takes. */
export const promptSyntaxes = ['plain', 'a1111']

/** What `quantize --to` takes. */
export const storedQuantizations = QUANTIZATIONS

/** What `--quantization` takes. */
export const quantizations = QUANTIZATION_CHOICES
