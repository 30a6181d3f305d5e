/** Lets the models get ready while others compute. */
import { Block, type In, Input, ModularPipelineBlocks } from '../../src'
import { batchConditionsSchema } from './schemas'
import { sharedStep } from './shared-step'

/**
 * Asks the blocks after it which models they will call, and lets those get ready in the background: for instance the UNet and the VAE while the prompt is
 * encoded. It belongs behind the blocks that decide how models are called, such as those that change the guider. The pictures do not depend on it.
 */
@Block({ ...sharedStep, description: 'Lets the models that later blocks call get ready for the shapes of this run.' })
export class PrepareModels extends ModularPipelineBlocks {
  static override readonly className: string = 'PrepareModels'

  /** Whether the UNet predicts all conditions in one batch: faster, but takes more memory. By default where there is room. */
  @Input(batchConditionsSchema)
  batchConditions!: In<boolean | undefined>

  async run(): Promise<void> {
    const { signal } = this.context
    for (const call of await this.context.upcomingCalls()) {
      try {
        call.prepare?.(signal)
      } catch {
        // The call itself will say what is wrong.
      }
    }
  }
}
