/** What a composite block accepts as a part: a block class or a ready block. */
import type { ModularPipelineBlocks } from './modular-pipeline-blocks'

/** A class of blocks that needs no arguments. */
export type BlockClass = new () => ModularPipelineBlocks

/** A block, or a class that makes one. An instance is kept as it is and may stand in several places. */
export type BlockSource = ModularPipelineBlocks | BlockClass

/** The block itself. */
export function toBlock(source: BlockSource): ModularPipelineBlocks {
  return typeof source === 'function' ? new source() : source
}
