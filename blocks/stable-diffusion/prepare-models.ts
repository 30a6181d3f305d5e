/** Lets the models get ready while the prompt is encoded. */
import { z } from 'zod'
import {
  Autoencoder,
  BaseGuidance,
  CLIPTextModel,
  CLIPTokenizer,
  TensorPlaceholder,
  type tf,
  UNet2DConditionModel,
} from '../../components'
import { Block, Component, type In, Input, ModularPipelineBlocks, type RunCost } from '../../src'
import { warnOfUnknownSize } from '../steps/check-vocabulary'
import { unetOptions } from '../steps/component-options'
import { guiderOptions } from '../steps/guider-options'
import { latentSize } from '../steps/latent-size'
import { countSchema, textsSchema, timestepCondSchema } from '../steps/schemas'
import { stableDiffusion } from './stable-diffusion'

/** Tells the UNet and the VAE for which shapes they will be called, and warns of a size that the model was not trained on. The pictures do not depend on it. */
@Block({ ...stableDiffusion, description: 'Lets the UNet and the VAE get ready for the shapes of this run.' })
export class PrepareModels extends ModularPipelineBlocks {
  static override readonly className: string = 'PrepareModels'

  @Component(UNet2DConditionModel, unetOptions) unet!: UNet2DConditionModel
  @Component(Autoencoder) vae!: Autoencoder
  @Component(CLIPTextModel) textEncoder!: CLIPTextModel
  @Component(CLIPTokenizer) tokenizer!: CLIPTokenizer
  @Component(BaseGuidance, guiderOptions) guider!: BaseGuidance

  @Input(textsSchema) prompt!: In<string | string[], 'required'>
  @Input(countSchema.default(1)) numImagesPerPrompt!: In<number>
  @Input(countSchema.optional()) height!: In<number | undefined>
  @Input(countSchema.optional()) width!: In<number | undefined>
  @Input(countSchema.optional()) numInferenceSteps!: In<number | undefined>
  @Input(timestepCondSchema.optional()) timestepCond!: In<tf.Tensor2D | undefined>
  @Input(z.boolean().optional()) batchConditions!: In<boolean | undefined>

  /** The memory of the larger of two calls: one prediction for a single condition of all images, and their decoding. */
  override estimateCost(): RunCost {
    const { unet, vae, images } = this
    const { height, width } = this.latents
    const prediction = unet.callBytes([images, height, width, unet.config.inChannels])
    return { memory: Math.max(prediction, vae.decodeBytes([images, height, width, vae.config.latentChannels])) }
  }

  run(): void {
    const { unet, vae, textEncoder, tokenizer, guider, images } = this
    const { height, width } = this.latents
    // A size that the VAE does not divide is refused where the latents are made.
    if (!Number.isInteger(height) || !Number.isInteger(width)) return
    if (tokenizer.vocabulary) {
      const factor = vae.spatialFactor
      warnOfUnknownSize(this.context, tokenizer.vocabulary, { width: width * factor, height: height * factor })
    }
    // Later steps may ask for more: they get ready when they come. A copy, as the run's own guider has not begun.
    const firstStep = guider.forRun()
    firstStep.setState(0, this.numInferenceSteps ?? 1, 0)
    const { numConditions } = firstStep
    const together =
      this.batchConditions ?? unet.hasRoomFor([images, height, width, unet.config.inChannels], numConditions)
    const batch = together ? images * numConditions : images
    const { signal } = this.context
    const encoderHiddenStates = [batch, tokenizer.modelMaxLength, textEncoder.config.hiddenSize]
    unet.prepare(
      {
        sample: new TensorPlaceholder([batch, height, width, unet.config.inChannels]),
        encoderHiddenStates: new TensorPlaceholder(encoderHiddenStates),
        ...(this.timestepCond && { timestepCond: new TensorPlaceholder([batch, this.timestepCond.shape[1]]) }),
      },
      { signal },
    )
    vae.prepareDecode([images, height, width, vae.config.latentChannels], { signal })
  }

  /** Height and width of the latents. */
  protected get latents(): { height: number; width: number } {
    return { height: latentSize(this, 'height'), width: latentSize(this, 'width') }
  }

  /** How many images the run makes. */
  private get images(): number {
    return [this.prompt].flat().length * this.numImagesPerPrompt
  }
}
