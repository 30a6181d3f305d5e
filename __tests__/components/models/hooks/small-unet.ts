/** The small UNet that hooks are tried on, with two transformer blocks in each stack. */
import * as tf from '@tensorflow/tfjs'
import type { UNet2DConditionInputs } from '../../../../components/models/unet-2d-condition/inputs'
import { UNet2DConditionModel } from '../../../../components/models/unet-2d-condition/unet-2d-condition-model'
import { Generator } from '../../../../components/random/generator'
import { randnTensor } from '../../../../components/random/randn-tensor'
import { goldenFolder } from '../golden-model-case'

/** Name of the stack in the middle. */
export const MIDDLE = 'mid_block.attentions.0.transformer_blocks'

/** A stack at the top. */
export const TOP = 'down_blocks.0.attentions.0.transformer_blocks'

/** The UNet, with its weights. */
export function loadSmallUNet(): Promise<UNet2DConditionModel> {
  return UNet2DConditionModel.fromPretrained(goldenFolder('unet_hooks'))
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
