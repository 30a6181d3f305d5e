/**
 * How much text of unknown origin is read. Each limit is several times the largest published file of its kind, and keeps reading under two seconds
 * and 300 MB.
 */

/** What a file of text may hold. */
export interface TextLimits {
  /** Bytes of the file. */
  readonly bytes: number
  /** Values of its JSON: keys, members of lists, and what stands alone. Each costs up to 100 bytes of memory and a microsecond. */
  readonly values: number
}

/**
 * Settings: configs of components, indexes of pipelines, descriptions of blocks. The largest published config of a model is below 100 kB, and that of a
 * tokenizer with thousands of added tokens 1.2 MB.
 */
export const SETTINGS: TextLimits = { bytes: 4 * 2 ** 20, values: 200_000 }

/** Indexes of sharded weights, which have an entry for each tensor: the largest published one has 92,000 tensors in 8.9 MB. */
export const WEIGHT_INDEX: TextLimits = { bytes: 16 * 2 ** 20, values: 500_000 }

/** Vocabularies and merges: CLIP's have 3.6 MB and 250,000 values, those of large language models up to 20 MB and a million. */
export const VOCABULARY: TextLimits = { bytes: 24 * 2 ** 20, values: 1_200_000 }

/** Headers of safetensors files, at about ten values a tensor: the largest published ones are below 1 MB. Saved states keep their values there too. */
export const WEIGHT_HEADER: TextLimits = { bytes: 16 * 2 ** 20, values: 700_000 }

/** Code of blocks, all files of a folder together: those of this package have 2 MB. */
export const CODE_BYTES = 16 * 2 ** 20
