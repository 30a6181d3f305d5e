/** The levels of T2I-Adapters. Counterpart: models/adapter.py (FullAdapter, FullAdapterXL, LightAdapter). */
import { Conv2d } from '../../nn/conv2d'
import { Module } from '../../nn/module'
import * as tf from '../../tensors/tf'
import type { T2IAdapterConfig } from './config'

/** Two convolutions, and the input added. */
class AdapterResnetBlock extends Module {
  readonly block1: Conv2d
  readonly block2: Conv2d

  constructor(channels: number, secondKernel: 1 | 3) {
    super()
    this.block1 = new Conv2d(channels, channels, { padding: 1 })
    this.block2 = new Conv2d(channels, channels, { kernelSize: secondKernel, padding: secondKernel === 3 ? 1 : 0 })
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return this.block2.forward(tf.relu(this.block1.forward(x))).add<tf.Tensor4D>(x)
  }
}

interface LevelOptions {
  readonly inChannels: number
  readonly outChannels: number
  readonly numResBlocks: number
  /** Whether the map is halved first. */
  readonly down: boolean
  /** Whether the residual blocks have a fourth of the channels. */
  readonly isLight: boolean
}

/** One level: a smaller map where it is to be, then residual blocks. */
class AdapterBlock extends Module {
  readonly inConv: Conv2d | undefined
  readonly resnets: readonly AdapterResnetBlock[]
  readonly outConv: Conv2d | undefined
  private readonly isHalved: boolean

  constructor({ inChannels, outChannels, numResBlocks, down, isLight }: LevelOptions) {
    super()
    const inner = isLight ? Math.floor(outChannels / 4) : outChannels
    this.isHalved = down
    this.inConv = isLight || inChannels !== inner ? new Conv2d(inChannels, inner, { kernelSize: 1 }) : undefined
    this.resnets = Array.from({ length: numResBlocks }, () => new AdapterResnetBlock(inner, isLight ? 3 : 1))
    this.outConv = isLight ? new Conv2d(inner, outChannels, { kernelSize: 1 }) : undefined
  }

  forward(map: tf.Tensor4D): tf.Tensor4D {
    // Of an odd side, the last position is a mean of what there is.
    let x: tf.Tensor4D = this.isHalved ? tf.avgPool(map, 2, 2, 'same') : map
    x = this.inConv?.forward(x) ?? x
    for (const resnet of this.resnets) x = resnet.forward(x)
    return this.outConv?.forward(x) ?? x
  }
}

/** All levels: from a picture to a map for each. */
export class FeaturePyramid extends Module {
  readonly convIn: Conv2d | undefined
  readonly body: readonly AdapterBlock[]

  constructor(private readonly config: T2IAdapterConfig) {
    super()
    const { inChannels, channels, numResBlocks, downscaleFactor, adapterType } = config
    const [first = 0] = channels
    const pixels = inChannels * downscaleFactor ** 2
    const isLight = adapterType === 'light_adapter'
    this.convIn = isLight ? undefined : new Conv2d(pixels, first, { padding: 1 })
    const level = (before: number, after: number, down: boolean) =>
      new AdapterBlock({ inChannels: before, outChannels: after, numResBlocks, down, isLight })
    const last = channels.at(-1) ?? 0
    this.body = [
      ...channels.map((count, i) => {
        const before = i === 0 ? (isLight ? pixels : first) : (channels[i - 1] ?? 0)
        return level(before, count, adapterType === 'full_adapter_xl' ? i === 2 : i > 0)
      }),
      ...(isLight ? [level(last, last, true)] : []),
    ]
  }

  /** `[batch, height, width, inChannels]` → a map for each level. */
  forward(pictures: tf.Tensor4D): tf.Tensor4D[] {
    let x = unshuffle(pictures, this.config.downscaleFactor)
    x = this.convIn?.forward(x) ?? x
    return this.body.map(block => {
      x = block.forward(x)
      return x
    })
  }
}

/** Makes channels of the pixels of each square, those of one colour together. Counterpart: torch.nn.PixelUnshuffle */
function unshuffle(x: tf.Tensor4D, factor: number): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape
  const [rows, columns] = [height / factor, width / factor]
  return x
    .reshape([batch, rows, factor, columns, factor, channels])
    .transpose([0, 1, 3, 5, 2, 4])
    .reshape([batch, rows, columns, channels * factor ** 2])
}
