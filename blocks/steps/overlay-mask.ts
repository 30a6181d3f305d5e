/** Pastes what was redrawn back into the picture. Counterpart: StableDiffusionXLInpaintOverlayMaskStep of diffusers. */
import { z } from 'zod'
import { type Image, type tf, VaeImageProcessor } from '../../components'
import { Block, Component, type In, Input, ModularPipelineBlocks, type OutFor, Output } from '../../src'
import { imageProcessorOptions } from './component-options'
import { finishedSchema } from './postprocess-images'
import { cropSchema, paddingMaskCropSchema, picturesSchema } from './schemas'
import { sharedStep } from './shared-step'

/** Pictures that a part can be cut out of: no tensors. */
const wholeSchema = z.union(picturesSchema.options, {
  error: 'a part can be cut out of pictures alone; leave paddingMaskCrop out, or pass an Image',
})

/** Pastes the part that was cut out around the mask back into the whole picture. What the mask does not cover stays as it was, to the last bit. */
@Block({ ...sharedStep, description: 'Pastes the part that was cut out around the mask back into the picture.' })
export class OverlayMask extends ModularPipelineBlocks {
  static override readonly className: string = 'OverlayMask'

  @Component(VaeImageProcessor, imageProcessorOptions)
  imageProcessor!: VaeImageProcessor

  @Input(wholeSchema.describe('The picture that the part was cut out of.'))
  image!: In<Image | Image[], 'required'>

  @Input(wholeSchema.describe('The mask of the whole picture.'))
  maskImage!: In<Image | Image[], 'required'>

  /** Pixels around the mask: with it, the part around the mask is cut out, drawn in full size and pasted back. */
  @Input(paddingMaskCropSchema)
  paddingMaskCrop!: In<number | undefined>

  @Input(cropSchema.describe('The part that was cut out, `[left, top, right, bottom]` in pixels.'))
  cropsCoords!: In<[left: number, top: number, right: number, bottom: number]>

  /** Form of the result: pictures alone can be pasted into others. */
  @Input(z.literal('image').default('image').describe('Form of the result: pictures alone can be pasted into others.'))
  outputType!: In<'image' | 'tensor'>

  @Input(finishedSchema.describe('The parts that were redrawn.'))
  @Output(finishedSchema.describe('The whole pictures.'))
  images!: In<OutFor<'outputType', { image: Image[]; tensor: tf.Tensor4D }, 'image'>>

  async run(): Promise<void> {
    const { imageProcessor, cropsCoords: cropRegion } = this
    const { signal } = this.context
    const [initImage] = [this.image].flat() as [Image]
    const [mask] = [this.maskImage].flat() as [Image]
    const whole: Image[] = []
    for (const image of this.images as Image[]) {
      whole.push(await imageProcessor.applyOverlay({ mask, initImage, image, cropRegion, signal }))
    }
    this.images = whole
  }
}
