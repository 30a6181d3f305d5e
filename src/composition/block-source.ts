/** What a composite block accepts as a part: a block class or a ready block. */
import { CompositionError } from '../errors/composition-error'
import { kindOf } from '../errors/text'
import type { PartBrand } from '../params/brands'
import type { ModularPipelineBlocks } from './modular-pipeline-blocks'

/** A class of blocks that needs no arguments. */
export type BlockClass = new () => ModularPipelineBlocks

/**
 * A block, or a class that makes one. An instance is kept as it is and may appear in several places.
 *
 * `BlockSource<B>` is the type of a field that holds a `B` until a subclass puts any other block there; {@link slot} makes one. Of a field with the bare type
 * `BlockSource`, the compiler does not know what it takes and gives.
 */
export type BlockSource<B extends ModularPipelineBlocks = ModularPipelineBlocks> = (
  | ModularPipelineBlocks
  | BlockClass
) &
  PartBrand<B>

/** The block itself.
 * @param part what it is to be in another block, for the error
 * @throws CompositionError for what is not a block */
export function toBlock(source: BlockSource, part?: { of: string; name: string }): ModularPipelineBlocks {
  // A function without a prototype makes nothing.
  const block: unknown = typeof source === 'function' && source.prototype ? new source() : source
  if (typeof block === 'object' && block !== null && 'subBlocks' in block) return block as ModularPipelineBlocks
  const advice = 'give a subclass of ModularPipelineBlocks, or an instance of one.'
  if (part === undefined) throw new CompositionError(kindOf(source), `this is not a block: ${advice}`)
  throw new CompositionError(part.of, `"${part.name}" is ${kindOf(source)}, which is not a block: ${advice}`)
}
