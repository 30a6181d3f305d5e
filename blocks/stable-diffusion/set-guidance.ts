/** Sets how closely this run follows its prompt. */
import { z } from 'zod'
import { BaseGuidance } from '../../components/guiders/base-guidance'
import { Block, Component, type In, Input, ModularPipelineBlocks } from '../../src'
import { guiderOptions } from './guider-options'

/** Changes the guider's settings for one run; the pipeline's guider stays as it is. */
@Block({
  description: 'Sets how closely this run follows its prompt.',
  modelName: 'stable-diffusion',
  version: '1.0.0',
  stability: 'beta',
})
export class SetGuidance extends ModularPipelineBlocks {
  static override readonly className: string = 'SetGuidance'

  @Component(BaseGuidance, guiderOptions) guider!: BaseGuidance

  @Input(z.number().min(0).optional().describe("Strength of the guidance, 1 for none; by default the guider's own."))
  guidanceScale!: In<number | undefined>

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
    if (guidanceScale === undefined && guidanceRescale === undefined) return
    const changes = {
      ...(guidanceScale !== undefined && { guidanceScale }),
      ...(guidanceRescale !== undefined && { guidanceRescale }),
    }
    this.context.useComponent('guider', this.guider.new(changes))
  }
}
