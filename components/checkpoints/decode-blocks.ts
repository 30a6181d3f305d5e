/** Decodes the blocks of GGUF's types into float32. Exact: the same operations in the same order as llama.cpp ggml/src/ggml-quants.c. */
import { inPieces } from '../../src/runtime/time-slice'
import type { BlockDecoder } from './block-decoder'
import { BLOCK_SIZES } from './block-dtypes'
import type { BlockDType } from './checkpoint'
import { smallBlockDecoders } from './decode-small-blocks'
import { superBlockDecoders } from './decode-super-blocks'
import { float16Values } from './float16-values'

const decoders: Readonly<Record<BlockDType, BlockDecoder>> = { ...smallBlockDecoders, ...superBlockDecoders }

/** Values between which the event loop may run: a fraction of a millisecond. */
const VALUES_PER_PIECE = 2 ** 16

/** Decodes all blocks of a tensor. */
export function* blocksToFloat32Loop(dtype: BlockDType, bytes: Uint8Array): Generator<void, Float32Array, void> {
  const size = BLOCK_SIZES[dtype]
  const decode = decoders[dtype]
  const float16 = float16Values()
  const count = Math.floor(bytes.length / size.bytes)
  const values = new Float32Array(count * size.elements)
  yield* inPieces(
    count,
    (begin, end) => {
      for (let i = begin; i < end; i++) decode(bytes, i * size.bytes, values, i * size.elements, float16)
    },
    VALUES_PER_PIECE / size.elements,
  )
  return values
}
