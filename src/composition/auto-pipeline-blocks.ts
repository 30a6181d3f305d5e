/** Blocks of which the first whose trigger is there runs. Counterpart: diffusers modular_pipelines/modular_pipeline.py. */
import { CompositionError } from '../errors/composition-error'
import { isAbsent } from '../params/schema'
import { ConditionalPipelineBlocks, type TriggerValues } from './conditional-pipeline-blocks'
import type { BlockKind } from './modular-pipeline-blocks'

/**
 * A choice by what is there.
 *
 * ```ts
 * class AutoImage extends AutoPipelineBlocks {
 *   @Branch({ when: 'mask' }) inpaint = Inpaint
 *   @Branch({ otherwise: true }) text2img = TextToImage
 * }
 * ```
 * A branch without a trigger is the default; without a default, the block is skipped when no trigger is there.
 */
export class AutoPipelineBlocks extends ConditionalPipelineBlocks {
  override get kind(): BlockKind {
    return 'auto'
  }

  /** The trigger of each branch, in the order of the branches; `null` for the default. */
  override get blockTriggerInputs(): readonly (string | null)[] {
    return [...this.declarations.steps.values()].map(branch => branch.when ?? null)
  }

  override get defaultBlockName(): string | undefined {
    const index = this.blockTriggerInputs.indexOf(null)
    return index < 0 ? undefined : [...this.subBlocks.keys()][index]
  }

  override selectBlock(triggers: TriggerValues): string | undefined {
    const names = [...this.subBlocks.keys()]
    const index = this.blockTriggerInputs.findIndex(trigger => trigger !== null && !isAbsent(triggers[trigger]))
    return index < 0 ? undefined : names[index]
  }

  protected override checkComposition(): void {
    const counts = [this.blockClasses.length, this.blockNames.length, this.blockTriggerInputs.length]
    if (new Set(counts).size > 1) {
      throw new CompositionError(
        this.constructor.name,
        `blockClasses, blockNames and blockTriggerInputs must be of one length, but have ${counts.join(', ')} entries. ` +
          'Use null as the trigger of the default branch.',
      )
    }
    // A branch that is marked as the default cannot wait for a trigger too.
    for (const [name, { when, otherwise }] of this.declarations.steps) {
      if (when !== undefined && otherwise) {
        throw new CompositionError(
          this.constructor.name,
          `the branch "${name}" has both a trigger and "otherwise"; choose one.`,
        )
      }
    }
  }
}
