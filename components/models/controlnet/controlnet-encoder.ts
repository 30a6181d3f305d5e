/** A ControlNet of one network. Its fields are named as the keys of checkpoints. */
import type { RawConfig } from '../../configs/parse-config'
import { Conv2d } from '../../nn/conv2d'
import type { Embedding } from '../../nn/embedding'
import * as tf from '../../tensors/tf'
import type { TimestepEmbedding, Timesteps } from '../layers/timestep-embedding'
import type { ModelCallOptions } from '../pretrained-model'
import type { DownBlock } from '../unet-2d-condition/down-block'
import type { MidBlock } from '../unet-2d-condition/mid-block'
import { createUNetEncoder, type EncodedMaps, type UNetEncoder } from '../unet-2d-condition/unet-encoder'
import { type ControlNetConfig, type ControlNetUnionConfig, encoderConfigOf } from './config'
import { ControlNet } from './controlnet-base'
import { ControlNetConditioningEmbedding } from './controlnet-conditioning-embedding'
import { type ControlledUNet, mismatchWith } from './fits-unet'
import { type ControlNetOutput, pixelsPerLatent } from './inputs'

/** The first half of a UNet beside a picture, and a convolution for each of its maps. */
export abstract class ControlNetEncoder<C extends ControlNetConfig | ControlNetUnionConfig>
  extends ControlNet
  implements UNetEncoder
{
  readonly convIn!: Conv2d
  readonly timeProj!: Timesteps
  readonly timeEmbedding!: TimestepEmbedding
  readonly classEmbedding: Embedding | TimestepEmbedding | undefined
  readonly addTimeProj: Timesteps | undefined
  readonly addEmbedding: TimestepEmbedding | undefined
  readonly downBlocks!: readonly DownBlock[]
  readonly midBlock: MidBlock | undefined
  readonly controlnetCondEmbedding: ControlNetConditioningEmbedding
  readonly controlnetDownBlocks: readonly Conv2d[]
  readonly controlnetMidBlock: Conv2d

  protected constructor(
    /** The settings, complete and frozen. */
    override readonly config: C & RawConfig,
  ) {
    super()
    const { blockOutChannels, layersPerBlock, conditioningChannels, conditioningEmbeddingOutChannels } = config
    const [first = 0] = blockOutChannels
    const last = blockOutChannels.length - 1
    Object.assign(this, createUNetEncoder(encoderConfigOf(config), 3))
    this.controlnetCondEmbedding = new ControlNetConditioningEmbedding(
      conditioningChannels,
      conditioningEmbeddingOutChannels,
      first,
    )
    const oneByOne = (channels: number) => new Conv2d(channels, channels, { kernelSize: 1 })
    const ofLevels = blockOutChannels.flatMap((channels, level) =>
      Array.from({ length: layersPerBlock + (level < last ? 1 : 0) }, () => oneByOne(channels)),
    )
    this.controlnetDownBlocks = [oneByOne(first), ...ofLevels]
    this.controlnetMidBlock = oneByOne(blockOutChannels[last] as number)
  }

  override get globalPoolConditions(): boolean {
    return this.config.globalPoolConditions
  }

  override get pixelsPerLatent(): number {
    return pixelsPerLatent(this.config)
  }

  override mismatch(unet: ControlledUNet): string | undefined {
    return mismatchWith(this.config, unet)
  }

  /** How many maps the model computes, with that of the middle. */
  get residualCount(): number {
    return this.controlnetDownBlocks.length + 1
  }

  /** The picture as a map that is added to the latents'; its channels in the order that the model was trained with. */
  protected embedPicture(picture: tf.Tensor4D): tf.Tensor4D {
    const isReversed = this.config.controlnetConditioningChannelOrder === 'bgr'
    return this.controlnetCondEmbedding.forward(isReversed ? tf.reverse(picture, 3) : picture)
  }

  /**
   * Calls {@link forward} by the executor, with tensors in the place of numbers: those would be part of the graph, and each value another one.
   *
   * @param inputsWith - makes the inputs. The tensors that it makes with its argument are disposed after the call
   */
  protected async callWithTensors<I extends object>(
    forward: (inputs: I) => ControlNetOutput,
    inputsWith: (tensor: (values: readonly number[], dtype?: 'float32' | 'int32') => tf.Tensor1D) => I,
    options: ModelCallOptions | undefined,
  ): Promise<ControlNetOutput> {
    const own: tf.Tensor[] = []
    const tensor = (values: readonly number[], dtype: 'float32' | 'int32' = 'float32') => {
      const made = tf.tensor1d([...values], dtype)
      own.push(made)
      return made
    }
    try {
      return await this.execute('forward', forward, inputsWith(tensor), options)
    } finally {
      tf.dispose(own)
    }
  }

  /** The maps from those of the way down and of the middle. @param scales - a factor for each, the middle at the end */
  protected projectResiduals(
    { residuals, hiddenStates }: EncodedMaps,
    scales: tf.Tensor1D | readonly number[],
  ): ControlNetOutput {
    const scaled = (map: tf.Tensor4D, i: number): tf.Tensor4D => {
      const scale = scales instanceof tf.Tensor ? scales.slice(i, 1) : (scales[i] as number)
      const result = map.mul<tf.Tensor4D>(scale)
      return this.config.globalPoolConditions ? tf.mean(result, [1, 2], true) : result
    }
    const down = residuals.map((map, i) => scaled((this.controlnetDownBlocks[i] as Conv2d).forward(map), i))
    return {
      downBlockResSamples: down,
      midBlockResSample: scaled(this.controlnetMidBlock.forward(hiddenStates), down.length),
    }
  }
}

/** Repeats rows until there is one for each sample. */
export function tileRows<T extends tf.Tensor>(x: T, batch: number): T {
  const [rows = 1, ...rest] = x.shape
  return rows === batch ? x : tf.tile(x, [batch / rows, ...rest.map(() => 1)])
}
