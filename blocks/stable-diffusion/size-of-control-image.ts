/** Takes the size of the picture from the control image. Counterpart: the sizes in __call__ of StableDiffusionControlNetPipeline of diffusers. */
import { Autoencoder, type Image, tf } from '../../components'
import {
  AutoPipelineBlocks,
  Block,
  Branch,
  Component,
  type In,
  type InOut,
  Input,
  ModularPipelineBlocks,
  Output,
  type RunCost,
  slot,
} from '../../src'
import { vaeOptions } from '../steps/component-options'
import { type ControlImages, controlImageSchema } from '../steps/control-images'
import { heightSchema, widthSchema } from '../steps/schemas'
import { stableDiffusionPart } from './stable-diffusion'

/** Makes a picture as large as the one it follows, unless a size is given. */
@Block({ ...stableDiffusionPart, description: 'Takes the size of the picture from the one that it follows.' })
export class SizeOfControlImage extends ModularPipelineBlocks {
  static override readonly className: string = 'SizeOfControlImage'

  @Component(Autoencoder, vaeOptions)
  vae!: Autoencoder

  /** What the picture should follow, such as an outline: one for all, or one for each prompt; of several ControlNets, a list with an element for each. Also as tensors of pixels from 0 to 1. */
  @Input(controlImageSchema)
  controlImage!: In<ControlImages, 'required'>

  /** Height of the picture in pixels; by default the model's own size. */
  @Input(heightSchema)
  @Output(heightSchema)
  height!: InOut<number | undefined>

  /** Width of the picture in pixels; by default the model's own size. */
  @Input(widthSchema)
  @Output(widthSchema)
  width!: InOut<number | undefined>

  override estimateCost(): RunCost {
    const { controlImage, vae } = this
    if (controlImage === undefined || vae === undefined) return {}
    const size = this.size()
    const factor = vae.spatialFactor
    return { size, latents: { height: size.height / factor, width: size.width / factor } }
  }

  run(): void {
    const { height, width } = this.size()
    this.height = height
    this.width = width
  }

  private size(): { height: number; width: number } {
    const [first] = [this.controlImage].flat(2) as [Image | tf.Tensor4D]
    const [height, width] = first instanceof tf.Tensor ? [first.shape[1], first.shape[2]] : [first.height, first.width]
    const factor = this.vae.spatialFactor
    const whole = (pixels: number) => Math.max(factor, pixels - (pixels % factor))
    return { height: this.height ?? whole(height), width: this.width ?? whole(width) }
  }
}

/** Skipped where there is no picture to follow. */
@Block({ ...stableDiffusionPart, description: 'Takes the size from the picture to follow, if there is one.' })
export class StableDiffusionAutoSize extends AutoPipelineBlocks {
  static override readonly className: string = 'StableDiffusionAutoSize'

  @Branch({ when: 'controlImage' }) controlImage = slot(SizeOfControlImage)
}
