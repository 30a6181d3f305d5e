/** Predicts the noise in the latents, with guidance. Counterpart: StableDiffusionXLLoopDenoiser of diffusers. */
import { z } from 'zod'
import { BaseGuidance } from '../../components/guiders/base-guidance'
import { UNet2DConditionModel } from '../../components/models/unet-2d-condition/unet-2d-condition-model'
import { tensor } from '../../components/tensors/tensor-schema'
import * as tf from '../../components/tensors/tf'
import { Block, Component, type In, Input, LoopStep, ModularPipelineBlocks, type Out, Output } from '../../src'
import { guiderOptions } from './guider-options'

/** A step of the denoise loop: runs the UNet for each condition of the guider, in one batch, and combines the predictions. */
@Block({ description: 'Predicts the noise with the UNet, guided by the prompt.', version: '1.0.0', stability: 'beta' })
export class PredictNoise extends ModularPipelineBlocks {
  @Component(UNet2DConditionModel) unet!: UNet2DConditionModel
  @Component(BaseGuidance, guiderOptions) guider!: BaseGuidance

  @Input(z.int().describe('How many denoising steps are taken.')) numInferenceSteps!: In<number>
  @Input(tensor('images latentHeight latentWidth latentChannels')) scaledLatents!: In<tf.Tensor4D>
  @Input(tensor('images tokens channels')) promptEmbeds!: In<tf.Tensor3D>
  @Input(tensor('images tokens channels').optional()) negativePromptEmbeds!: In<tf.Tensor3D | undefined>

  @Output(
    tensor('images latentHeight latentWidth latentChannels').describe(
      'What the UNet predicts, as the guider combines it.',
    ),
  )
  noisePred!: Out<tf.Tensor4D>

  @LoopStep({ variables: ['i', 't'] })
  async step({ i, t }: { i: number; t: number }): Promise<void> {
    const { guider, unet } = this
    guider.setState(i, this.numInferenceSteps, t)
    const batches = guider.prepareInputs({ encoderHiddenStates: [this.promptEmbeds, this.negativePromptEmbeds] })
    for (const _ of batches) guider.prepareModels(unet)
    const sample = tf.concat(batches.map(() => this.scaledLatents))
    const encoderHiddenStates = tf.concat(batches.map(batch => batch.inputs.encoderHiddenStates))
    const { signal } = this.context
    const output = await unet.call({ sample, timestep: t, encoderHiddenStates }, { signal })
    const predictions = tf.split(output, batches.length)
    batches.forEach((batch, condition) => {
      batch.noisePred = predictions[condition] as tf.Tensor
    })
    for (const _ of batches) guider.cleanupModels(unet)
    this.noisePred = guider.call(batches).pred as tf.Tensor4D
  }
}
