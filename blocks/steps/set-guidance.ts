/** Sets how closely this run follows its prompt. */
import { z } from 'zod'
import { BaseGuidance } from '../../components'
import { Block, Component, type In, Input, ModularPipelineBlocks } from '../../src'
import { guiderOptions, guideWith } from './guider-options'
import { sharedStep } from './shared-step'

/** The input that {@link SetGuidance} and the blocks after it read. */
export const guidanceScaleSchema = z
  .number()
  .min(0)
  .optional()
  .describe(
    "Strength of the guidance; up to 1, the prompt is followed without guidance, and the negative prompt is ignored. By default the guider's own.",
  )

/** Changes the guider's settings for one run; the pipeline's guider stays as it is. */
@Block({ ...sharedStep, description: 'Sets how closely this run follows its prompt.' })
export class SetGuidance extends ModularPipelineBlocks {
  static override readonly className: string = 'SetGuidance'

  @Component(BaseGuidance, guiderOptions)
  guider!: BaseGuidance

  /** Strength of the guidance; up to 1, the prompt is followed without guidance, and the negative prompt is ignored. By default the guider's own. */
  @Input(guidanceScaleSchema)
  guidanceScale!: In<number | undefined>

  /** How far to bring the contrast of the guided prediction back to the unguided one's; by default the guider's own. */
  @Input(
    z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe(
        "How far to bring the contrast of the guided prediction back to the unguided one's; by default the guider's own.",
      ),
  )
  guidanceRescale!: In<number | undefined>

  run(): void {
    const { guidanceScale, guidanceRescale } = this
    const changes = {
      ...(guidanceScale !== undefined && { guidanceScale }),
      ...(guidanceRescale !== undefined && { guidanceRescale }),
    }
    const changed = Object.keys(changes).length === 0 ? this.guider : guideWith(this.guider, changes)
    const guider = withoutWeakGuidance(changed)
    if (guider !== this.guider) this.context.useComponent('guider', guider)
  }
}

/**
 * The guider, or one that compares with no negative prompt if its scale is too small to guide. As in StableDiffusionPipeline, a scale of 1 or less
 * (0 in the original formulation) stands for the prompt's own prediction. The guiders by themselves extrapolate from the unconditional one,
 * so a scale of 0 would leave the prompt out.
 */
function withoutWeakGuidance(guider: BaseGuidance): BaseGuidance {
  const { guidanceScale, guidanceScales, useOriginalFormulation } = guider.config as GuidanceScales
  const none = useOriginalFormulation ? 0 : 1
  if (guidanceScale !== undefined && guidanceScale < none) return guideWith(guider, { guidanceScale: none })
  // With a scale for each band of frequencies, one of them may be small on purpose.
  if (guidanceScales?.every(scale => scale <= none) && guidanceScales.some(scale => scale < none))
    return guideWith(guider, { guidanceScales: guidanceScales.map(() => none) })
  return guider
}

/** The settings of guiders that say how far they move. */
interface GuidanceScales {
  readonly guidanceScale?: number
  readonly guidanceScales?: readonly number[]
  readonly useOriginalFormulation?: boolean
}
