/** Scales the latents to what the network was trained on. */
import { SchedulerMixin } from '../../components/schedulers/scheduler-mixin'
import { tensor } from '../../components/tensors/tensor-schema'
import type * as tf from '../../components/tensors/tf'
import { Block, Component, type In, Input, LoopStep, ModularPipelineBlocks, type Out, Output } from '../../src'
import { schedulerOptions } from './component-corrections'

/** A step of the denoise loop: prepares the network's input. */
@Block({ description: 'Scales the latents to what the UNet was trained on.', version: '1.0.0', stability: 'beta' })
export class ScaleModelInput extends ModularPipelineBlocks {
  static override readonly className: string = 'ScaleModelInput'

  @Component(SchedulerMixin, schedulerOptions) scheduler!: SchedulerMixin

  @Input(tensor('images latentHeight latentWidth latentChannels')) latents!: In<tf.Tensor4D>
  @Output(tensor('images latentHeight latentWidth latentChannels').describe('Latents as the UNet takes them.'))
  scaledLatents!: Out<tf.Tensor4D>

  @LoopStep({ variables: ['t'] })
  step({ t }: { t: number }): void {
    this.scaledLatents = this.scheduler.scaleModelInput(this.latents, t)
  }
}
