/** Where latent consistency models differ from Stable Diffusion. Counterpart: LatentConsistencyModelPipeline of diffusers. */
import { z } from 'zod'
import { type SetTimestepsOptions, UNet2DConditionModel } from '../../components'
import {
  Block,
  type BlockOptions,
  Component,
  type In,
  IncompatibleComponentsError,
  type InOut,
  Input,
  Output,
} from '../../src'
import { unetOptions } from '../steps/component-options'
import { countSchema } from '../steps/schemas'
import { guidanceScaleSchema, SetGuidance } from '../steps/set-guidance'
import { SetTimesteps } from '../steps/set-timesteps'
import { stableDiffusion } from './stable-diffusion'

/** The reference takes the scheduler of these models as it is. */
const asItIs = (): void => undefined

/** `@Block({ ...latentConsistency, description: '…' })` makes a block one of the family. */
export const latentConsistency = {
  ...stableDiffusion,
  modelName: 'latent-consistency',
  afterLoad: { ...stableDiffusion.afterLoad, scheduler: asItIs },
} as const satisfies BlockOptions

/** Sets the strength of the guidance, which the UNet takes as an input. */
@Block({ ...latentConsistency, description: 'Sets how closely this run follows its prompt.' })
export class LatentConsistencySetGuidance extends SetGuidance {
  static override readonly className: string = 'LatentConsistencySetGuidance'

  @Component(UNet2DConditionModel, unetOptions)
  unet!: UNet2DConditionModel

  /** Strength of the guidance. */
  @Input(guidanceScaleSchema.default(8.5))
  override guidanceScale!: In<number>

  override run(): void {
    if (this.unet.config.timeCondProjDim === null) {
      throw new IncompatibleComponentsError(
        this.context.path,
        ['unet', 'guider'],
        'the UNet has no time_cond_proj_dim, so it does not take the guidance scale as an input, as latent consistency models do. ' +
          'Use StableDiffusionTextToImageBlocks for this model.',
      )
    }
    super.run()
  }
}

/** Chooses few timesteps, out of those that the model was distilled with. */
@Block({ ...latentConsistency, description: 'Chooses the timesteps of the run.' })
export class LatentConsistencySetTimesteps extends SetTimesteps {
  static override readonly className: string = 'LatentConsistencySetTimesteps'

  /** How many denoising steps to take: from 1 to 8. */
  @Input(countSchema.default(4).describe('How many denoising steps to take: from 1 to 8.'))
  @Output(z.int().describe('How many denoising steps are taken.'))
  override numInferenceSteps!: InOut<number>

  /** How many timesteps the model was distilled with; by default those of the scheduler's config. */
  @Input(
    countSchema
      .optional()
      .describe("How many timesteps the model was distilled with; by default those of the scheduler's config."),
  )
  originalInferenceSteps!: In<number | undefined>

  protected override get furtherOptions(): SetTimestepsOptions {
    const { originalInferenceSteps } = this
    return originalInferenceSteps === undefined ? {} : { originalInferenceSteps }
  }
}
