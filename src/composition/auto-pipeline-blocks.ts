/** Blocks of which the first whose trigger is there runs. Counterpart: diffusers modular_pipelines/modular_pipeline.py. */

import { CompositionError } from '../errors/composition-error'
import { classNameOf } from '../format/class-name'
import { isAbsent } from '../params/schema'
import { ConditionalPipelineBlocks, type TriggerValues } from './conditional-pipeline-blocks'

/**
 * Runs the first branch whose trigger is given.
 *
 * ```ts
 * class AutoImage extends AutoPipelineBlocks {
 *   @Branch({ when: 'maskImage' }) inpaint = slot(StableDiffusionInpaintBlocks)
 *   @Branch({ otherwise: true }) text2img = slot(StableDiffusionTextToImageBlocks)
 * }
 * ```
 * A branch without a trigger is the default; without a default, the block is skipped when no trigger is present.
 */
export class AutoPipelineBlocks extends ConditionalPipelineBlocks {
  static override readonly className: string = 'AutoPipelineBlocks'

  override get kind(): 'auto' {
    return 'auto'
  }

  /** The trigger of each branch, in the order in which they were put together; `null` for the default. */
  protected override declaredTriggers(): readonly (string | null)[] {
    return this.composedNames.map(name => this.declarations.steps.get(name)?.when ?? null)
  }

  /** Branches with their triggers, as they are now. One that was put in later has no trigger. */
  private get branches(): readonly (readonly [name: string, trigger: string | null])[] {
    const triggers = this.blockTriggerInputs
    const byName = new Map(this.composedNames.map((name, i) => [name, triggers[i] ?? null]))
    return [...this.subBlocks.keys()].map(name => [name, byName.get(name) ?? null])
  }

  override get triggerNames(): readonly string[] {
    return this.branches.flatMap(([, trigger]) => trigger ?? [])
  }

  protected override declaredDefault(): string | undefined {
    return this.branches.find(([, trigger]) => trigger === null)?.[0]
  }

  override selectBlock(triggers: TriggerValues): string | undefined {
    return this.branches.find(([, trigger]) => trigger !== null && !isAbsent(triggers[trigger]))?.[0]
  }

  protected override checkGiven(): void {
    const [branches, triggers] = [this.composedNames.length, this.blockTriggerInputs.length]
    if (branches === triggers) return
    throw new CompositionError(
      classNameOf(this),
      `blockTriggerInputs must have one entry for each branch, but there are ${branches} branches and ${triggers} entries. ` +
        'Use null as the trigger of the default branch.',
    )
  }

  protected override checkComposition(): void {
    const counts = [this.blockClasses.length, this.blockNames.length, this.blockTriggerInputs.length]
    if (new Set(counts).size > 1) {
      throw new CompositionError(
        classNameOf(this),
        `blockClasses, blockNames and blockTriggerInputs must be of the same length, but have ${counts.join(', ')} entries. ` +
          'Use null as the trigger of the default branch.',
      )
    }
    // A branch that is marked as the default cannot wait for a trigger too.
    for (const [name, { when, otherwise }] of this.declarations.steps) {
      if (when !== undefined && otherwise) {
        throw new CompositionError(
          classNameOf(this),
          `the branch "${name}" has both a trigger and "otherwise"; choose one.`,
        )
      }
    }
  }
}
