/** Takes embeddings of pictures in the place of pictures. Counterpart: prepare_ip_adapter_image_embeds of diffusers' pipelines. */
import { BaseGuidance, tf } from '../../components'
import {
  Block,
  Component,
  type In,
  Input,
  InputTypeError,
  ModularPipelineBlocks,
  type Out,
  Output,
  type RunCost,
} from '../../src'
import { guiderOptions } from './guider-options'
import { ipAdapterEmbedsSchema, ipAdapterImageEmbedsSchema } from './ip-adapter-images'
import { ipAdapterWidths } from './ip-adapter-plan'
import { sharedStep } from './shared-step'

/** Splits embeddings into those of the pictures and those that the guider compares with. */
@Block({ ...sharedStep, description: 'Takes embeddings of the pictures that are shown beside the prompt.' })
export class UseIPAdapterImageEmbeds extends ModularPipelineBlocks {
  static override readonly className: string = 'UseIPAdapterImageEmbeds'

  @Component(BaseGuidance, guiderOptions)
  guider!: BaseGuidance

  /** Embeddings of the pictures in their place, for each IP-Adapter [2 · rows, pictures, channels]: those of the negative prompt first. Without guidance, [rows, pictures, channels]. */
  @Input(ipAdapterImageEmbedsSchema)
  ipAdapterImageEmbeds!: In<tf.Tensor[], 'required'>

  @Output({ schema: ipAdapterEmbedsSchema, description: 'Embeddings of the pictures, for each IP-Adapter.' })
  ipAdapterEmbeds!: Out<tf.Tensor[]>

  @Output({ schema: ipAdapterEmbedsSchema.optional(), description: 'What the guider compares with in their place.' })
  negativeIpAdapterEmbeds!: Out<tf.Tensor[] | undefined>

  override estimateCost(): RunCost {
    return { widths: ipAdapterWidths(this.ipAdapterImageEmbeds.map(({ shape }) => shape[1])) }
  }

  run(): void {
    const given = this.ipAdapterImageEmbeds
    if (this.guider.numConditions <= 1) {
      this.ipAdapterEmbeds = given.map(embeds => embeds.clone())
      this.negativeIpAdapterEmbeds = undefined
      return
    }
    const halves = given.map(embeds => {
      const [rows = 0] = embeds.shape
      if (rows % 2 === 0) return tf.split(embeds, 2)
      const expected = `with guidance it must have twice as many rows, those of the negative prompt first, and has ${rows}`
      throw new InputTypeError({ path: this.context.path, input: 'ipAdapterImageEmbeds', expected, value: embeds })
    })
    this.negativeIpAdapterEmbeds = halves.map(([negative]) => negative as tf.Tensor) // Two halves.
    this.ipAdapterEmbeds = halves.map(([, positive]) => positive as tf.Tensor)
  }
}
