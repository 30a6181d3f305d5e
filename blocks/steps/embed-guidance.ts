/** Embeds the guidance scale for distilled UNets. Counterpart: get_guidance_scale_embedding of StableDiffusionPipeline in diffusers. */
import { BaseGuidance, sinusoidalEmbedding, tf, UNet2DConditionModel } from '../../components'
import { Block, Component, classNameOf, type In, Input, ModularPipelineBlocks, type Out, Output } from '../../src'
import { unetOptions } from './component-options'
import { DEFAULT_GUIDANCE_SCALE, guiderOptions, guideWith } from './guider-options'
import { timestepCondSchema } from './schemas'
import { guidanceScaleSchema } from './set-guidance'
import { sharedStep } from './shared-step'

/** A guidance scale is embedded like a timestep: in thousandths. */
const TIMESTEPS_PER_UNIT = 1000

/** Embeds the guidance scale where the UNet takes it as an input (`timeCondProjDim`), and switches the guider off for this run. */
@Block({
  ...sharedStep,
  description: 'Embeds the guidance scale for UNets that take it as an input, such as latent consistency models.',
})
export class EmbedGuidance extends ModularPipelineBlocks {
  static override readonly className: string = 'EmbedGuidance'

  @Component(UNet2DConditionModel, unetOptions)
  unet!: UNet2DConditionModel

  @Component(BaseGuidance, guiderOptions)
  guider!: BaseGuidance

  /** Strength of the guidance; up to 1, the prompt is followed without guidance, and the negative prompt is ignored. By default the guider's own. */
  @Input(guidanceScaleSchema)
  guidanceScale!: In<number | undefined>

  @Output({
    schema: timestepCondSchema.optional(),
    description: 'The embedded guidance scale, if the UNet takes it as an input.',
  })
  timestepCond!: Out<tf.Tensor2D | undefined>

  run(): void {
    const { timeCondProjDim } = this.unet.config
    if (timeCondProjDim === null) {
      this.timestepCond = undefined
      return
    }
    const { guider } = this
    const { guidanceScale: own = DEFAULT_GUIDANCE_SCALE } = guider.config as { guidanceScale?: number }
    const { guidanceScale: scale = own } = this
    const name = classNameOf(guider)
    if (name !== 'ClassifierFreeGuidance') {
      const reason = `this UNet takes the guidance scale as an input (time_cond_proj_dim is ${timeCondProjDim})`
      this.context.warn('GUIDER_IGNORED', `The guider ${name} is ignored: ${reason}.`)
    }
    this.context.useComponent('guider', guideWith(guider, {}, false))
    this.timestepCond = sinusoidalEmbedding(tf.tensor1d([(scale - 1) * TIMESTEPS_PER_UNIT]), {
      embeddingDim: timeCondProjDim,
      flipSinToCos: false,
      downscaleFreqShift: 1,
    })
  }
}
