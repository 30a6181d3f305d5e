/** Turns pixels into pictures. */
import { z } from 'zod'
import { Image, instance, type tf, VaeImageProcessor } from '../../components'
import { Block, Component, type In, Input, ModularPipelineBlocks, type OutFor, Output } from '../../src'
import { imageProcessorOptions } from './component-options'
import { pixelsSchema } from './schemas'
import { sharedStep } from './shared-step'

/** Finished pictures, or one tensor with values from 0 to 1. */
export const finishedSchema = z.union([z.array(instance(Image)), pixelsSchema])

/** Brings pixels into the form that was asked for. */
@Block({ ...sharedStep, description: 'Turns the pixels into pictures.' })
export class PostprocessImages extends ModularPipelineBlocks {
  static override readonly className: string = 'PostprocessImages'

  @Component(VaeImageProcessor, imageProcessorOptions)
  imageProcessor!: VaeImageProcessor

  @Input(pixelsSchema)
  pixels!: In<tf.Tensor4D>

  /** Form of the result: pictures, or one tensor with values from 0 to 1. */
  @Input(
    z
      .enum(['image', 'tensor'])
      .default('image')
      .describe('Form of the result: pictures, or one tensor with values from 0 to 1.'),
  )
  outputType!: In<'image' | 'tensor'>

  @Output({
    schema: finishedSchema,
    description: 'The finished pictures.',
  })
  images!: OutFor<'outputType', { image: Image[]; tensor: tf.Tensor4D }, 'image'>

  async run(): Promise<void> {
    const { signal } = this.context
    this.images = await this.imageProcessor.postprocess(this.pixels, { outputType: this.outputType, signal })
  }
}
