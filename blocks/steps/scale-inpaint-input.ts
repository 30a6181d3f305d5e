/** Makes the UNet's input for inpainting. Counterpart: StableDiffusionXLInpaintLoopBeforeDenoiser of diffusers. */
import { Autoencoder, tf, UNet2DConditionModel } from '../../components'
import { Block, Component, type In, Input, LoopStep, MissingInputError } from '../../src'
import { unetOptions, vaeOptions } from './component-options'
import { ScaleModelInput } from './scale-model-input'
import { imageMasksSchema, latentsSchema } from './schemas'
import { sharedStep } from './shared-step'
import { takesMask } from './unet-task'

/** A step of the denoise loop: scales the latents, and sets the mask and the masked picture beside them if the UNet takes them. */
@Block({
  ...sharedStep,
  description: 'Scales the latents, and adds the mask and the masked picture if the UNet takes them.',
})
export class ScaleInpaintInput extends ScaleModelInput {
  static override readonly className: string = 'ScaleInpaintInput'

  @Component(UNet2DConditionModel, unetOptions)
  unet!: UNet2DConditionModel

  @Component(Autoencoder, vaeOptions)
  vae!: Autoencoder

  @Input(imageMasksSchema.describe('1 where the picture is redrawn, 0 where it stays.'))
  mask!: In<tf.Tensor4D>

  @Input(latentsSchema.optional().describe('Latents of the masked pictures, for UNets that take them.'))
  maskedImageLatents!: In<tf.Tensor4D | undefined>

  @LoopStep({ variables: ['t'] })
  override step(variables: { t: number }): void {
    super.step(variables)
    if (!takesMask(this)) return
    const { scaledLatents, mask, maskedImageLatents } = this
    if (maskedImageLatents === undefined) {
      throw new MissingInputError({
        path: this.context.path,
        input: 'maskedImageLatents',
        available: ['latents', 'mask'],
      })
    }
    this.scaledLatents = tf.concat([scaledLatents, mask, maskedImageLatents], 3)
  }
}
