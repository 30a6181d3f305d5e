/** The small UNet that hooks are tried on, with two transformer blocks in each stack. */
import * as tf from '@tensorflow/tfjs'
import { eagerExecutor } from '../../../../components/executors/eager-executor'
import type { UNet2DConditionInputs } from '../../../../components/models/unet-2d-condition/inputs'
import { UNet2DConditionModel } from '../../../../components/models/unet-2d-condition/unet-2d-condition-model'
import { Generator } from '../../../../components/random/generator'
import { randnTensor } from '../../../../components/random/randn-tensor'
import { useGraphExecutor } from '../../executors/use-graph-executor'
import { goldenFolder } from '../golden-model-case'

/** Name of the stack in the middle. */
export const MIDDLE = 'mid_block.attentions.0.transformer_blocks'

/** A stack at the top. */
export const TOP = 'down_blocks.0.attentions.0.transformer_blocks'

/** One of the same form without weights: its parts have their names. */
export function bareSmallUNet(): UNet2DConditionModel {
  return UNet2DConditionModel.fromConfig({
    in_channels: 4,
    out_channels: 4,
    block_out_channels: [8, 16],
    down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
    up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
    transformer_layers_per_block: 2,
    layers_per_block: 1,
    cross_attention_dim: 16,
    norm_num_groups: 4,
  })
}

/** Loads the UNet for the tests of a file, and makes what computes it. Each test leaves as many tensors as it found. */
export function useSmallUNet() {
  cleanUpAfterEach()
  const graph = useGraphExecutor()
  let unet: UNet2DConditionModel
  beforeAll(async () => {
    unet = await UNet2DConditionModel.fromPretrained(goldenFolder('unet_hooks'))
    tf.dispose(await unet.call(smallInputs(1))) // The first call uploads the weights to the device.
  })
  afterAll(() => unet.dispose())
  return { unet: () => unet, executors: { eager: () => eagerExecutor, graph } }
}

/** What it is called with: all different in each sample. */
export function smallInputs(batch: number): UNet2DConditionInputs {
  const generator = new Generator(batch)
  return {
    sample: randnTensor([batch, 8, 6, 4], generator),
    timestep: 321,
    encoderHiddenStates: tf.tensor(generator.randn([batch, 5, 12]), [batch, 5, 12]),
  }
}

/** Largest difference of two tensors. */
export function distance(a: tf.Tensor, b: tf.Tensor): number {
  return tf.tidy(() => a.sub(b).abs().max().dataSync()[0] as number)
}

/** Disposes what each test of a file makes. Call it before what counts tensors. */
export function cleanUpAfterEach(): void {
  beforeEach(() => void tf.engine().startScope())
  afterEach(() => void tf.engine().endScope())
}
