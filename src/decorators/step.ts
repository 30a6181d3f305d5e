/** `@Step`: a block of a sequence. */
import type { BlockSource } from '../composition/block-source'
import { declare } from './declarations'
import type { WrittenField } from './field-decorator'

/**
 * Names a block of a SequentialPipelineBlocks: `@Step() decode = slot(DecodeLatents)`, or `@Step() decode = DecodeLatents` if subclasses need not swap it for an
 * unrelated block. Fields run in the order of declaration.
 */
export function Step(): WrittenField<BlockSource> {
  return (target, field) => declare(target, 'steps', field, {})
}
