/** Scales the latents to what the network was trained on. */
import { SchedulerMixin, type tf } from '../../components'
import { Block, Component, type In, Input, LoopStep, ModularPipelineBlocks, type Out, Output } from '../../src'
import { schedulerOptions } from './component-options'
import { latentsSchema, modelInputSchema } from './schemas'
import { sharedStep } from './shared-step'

/** A step of the denoise loop: prepares the network's input. */
@Block({ ...sharedStep, description: 'Scales the latents to what the UNet was trained on.' })
export class ScaleModelInput extends ModularPipelineBlocks {
  static override readonly className: string = 'ScaleModelInput'

  @Component(SchedulerMixin, schedulerOptions)
  scheduler!: SchedulerMixin

  @Input(latentsSchema)
  latents!: In<tf.Tensor4D>

  @Output(modelInputSchema.describe('Latents as the UNet takes them.'))
  scaledLatents!: Out<tf.Tensor4D>

  @LoopStep({ variables: ['t'] })
  step({ t }: { t: number }): void {
    this.scaledLatents = this.scheduler.scaleModelInput(this.latents, t)
  }
}
