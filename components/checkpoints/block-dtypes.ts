/** The types of a GGUF file: which elements share a block, and how many bytes it takes. Source: llama.cpp ggml/src/ggml.c (type_traits). */
import type { BlockDType, StoredDType } from './checkpoint'

/** Elements and bytes of a block. */
export interface BlockSize {
  readonly elements: number
  readonly bytes: number
}

/** The blocks of each type. */
export const BLOCK_SIZES: Readonly<Record<BlockDType, BlockSize>> = {
  Q4_0: { elements: 32, bytes: 18 },
  Q4_1: { elements: 32, bytes: 20 },
  Q5_0: { elements: 32, bytes: 22 },
  Q5_1: { elements: 32, bytes: 24 },
  Q8_0: { elements: 32, bytes: 34 },
  Q2_K: { elements: 256, bytes: 84 },
  Q3_K: { elements: 256, bytes: 110 },
  Q4_K: { elements: 256, bytes: 144 },
  Q5_K: { elements: 256, bytes: 176 },
  Q6_K: { elements: 256, bytes: 210 },
  IQ4_NL: { elements: 32, bytes: 18 },
  IQ4_XS: { elements: 256, bytes: 136 },
}

/** Whether the elements of a type share scales, block by block. */
export function isBlockDType(dtype: StoredDType): dtype is BlockDType {
  return Object.hasOwn(BLOCK_SIZES, dtype)
}

/** The types by their numbers in a GGUF file. */
export const GGUF_DTYPES: ReadonlyMap<number, StoredDType> = new Map([
  [0, 'F32'],
  [1, 'F16'],
  [2, 'Q4_0'],
  [3, 'Q4_1'],
  [6, 'Q5_0'],
  [7, 'Q5_1'],
  [8, 'Q8_0'],
  [10, 'Q2_K'],
  [11, 'Q3_K'],
  [12, 'Q4_K'],
  [13, 'Q5_K'],
  [14, 'Q6_K'],
  [20, 'IQ4_NL'],
  [23, 'IQ4_XS'],
  [24, 'I8'],
  [25, 'I16'],
  [26, 'I32'],
  [27, 'I64'],
  [28, 'F64'],
  [30, 'BF16'],
])

/** Types that are known and not read, by their numbers: no program writes image models of them, or only as intermediate results. */
export const UNREAD_GGUF_DTYPES: ReadonlyMap<number, string> = new Map([
  [9, 'Q8_1'],
  [15, 'Q8_K'],
  [16, 'IQ2_XXS'],
  [17, 'IQ2_XS'],
  [18, 'IQ3_XXS'],
  [19, 'IQ1_S'],
  [21, 'IQ3_S'],
  [22, 'IQ2_S'],
  [29, 'IQ1_M'],
  [34, 'TQ1_0'],
  [35, 'TQ2_0'],
  [39, 'MXFP4'],
])
