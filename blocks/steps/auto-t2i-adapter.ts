/** Computes the maps of a T2I-Adapter if there is a picture for it. */
import { AutoPipelineBlocks, Block, Branch, slot } from '../../src'
import { sharedStep } from './shared-step'
import { T2IAdapterInput } from './t2i-adapter-input'

/** Skipped where there is no picture for a T2I-Adapter. */
@Block({ ...sharedStep, description: 'Computes what a T2I-Adapter adds to the maps of the UNet, if it has a picture.' })
export class AutoT2IAdapter extends AutoPipelineBlocks {
  static override readonly className: string = 'AutoT2IAdapter'

  @Branch({ when: 'adapterImage' }) t2iAdapter = slot(T2IAdapterInput)
}
