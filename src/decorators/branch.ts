/** `@Branch`: an alternative of a conditional block. */
import type { BlockSource } from '../composition/block-source'
import { type BranchDeclaration, declare } from './declarations'
import type { WrittenField } from './field-decorator'

/**
 * Names a branch of an AutoPipelineBlocks or a ConditionalPipelineBlocks.
 *
 * ```ts
 * class AutoImage extends AutoPipelineBlocks {
 *   @Branch({ when: 'maskImage' }) inpaint = slot(StableDiffusionInpaintBlocks) // chosen if "maskImage" is given
 *   @Branch({ otherwise: true }) text2img = slot(StableDiffusionTextToImageBlocks) // chosen if no other is
 * }
 * ```
 */
export function Branch(declaration: BranchDeclaration = {}): WrittenField<BlockSource> {
  return (target, field) => declare(target, 'steps', field, declaration)
}
