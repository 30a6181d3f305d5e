/** A field that holds a block, and may hold any other in a subclass. */
import type { BlockSource } from './block-source'
import type { ModularPipelineBlocks } from './modular-pipeline-blocks'

/**
 * Returns the block that it is given, as the value of a field of which a subclass may put any other block in place:
 *
 * ```ts
 * class TextToImage extends SequentialPipelineBlocks {
 *   @Step() decode = slot(DecodeLatents)
 * }
 * class WithMyDecoder extends TextToImage {
 *   @Step() override decode = slot(MyDecoder)
 * }
 * ```
 * The compiler still knows what the block takes and gives. Without `slot()`, a subclass may only put a block there that has all members of the first one.
 */
export function slot<B extends ModularPipelineBlocks>(block: B | (new () => B)): BlockSource<B> {
  return block
}
