/** Values that options of several commands choose from. */

/** What `--executor` takes. */
export const executors = ['auto', 'eager', 'graph']

/** What `--provider` takes. */
export const providers = ['cpu', 'webgpu', 'cuda']

/** What `--prompt-syntax` takes. */
export const promptSyntaxes = ['plain', 'a1111']

/** What `quantize --to` takes. */
export const storedQuantizations = ['int8']

/** What `--quantization` takes. */
export const quantizations = ['int8', 'auto']
