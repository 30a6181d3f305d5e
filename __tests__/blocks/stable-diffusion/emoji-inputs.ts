/** Pictures, masks and UNets for tests of the emoji model. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Image, UNet2DConditionModel } from '../../../index'
import { emojiFolder } from '../use-emoji-model'

/** A picture of one colour, or with another one in its right half. */
export function picture(size = 32, [left, right = left]: number[][] = [[250, 60, 60]]): Image {
  const data = new Uint8Array(size * size * 3)
  for (let i = 0; i < size * size; i++) data.set((i % size < size / 2 ? left : right) as number[], 3 * i)
  return new Image({ width: size, height: size, channels: 3, data })
}

/** White in the right half. */
export function mask(size = 32): Image {
  const data = Uint8Array.from({ length: size * size }, (_, i) => (i % size < size / 2 ? 0 : 255))
  return new Image({ width: size, height: size, channels: 1, data })
}

/** A UNet with random weights that takes so many channels. */
export function unetOf(inChannels: number): UNet2DConditionModel {
  const config = JSON.parse(readFileSync(join(emojiFolder, 'unet', 'config.json'), 'utf8')) as Record<string, unknown>
  return UNet2DConditionModel.fromConfig({ ...config, in_channels: inChannels })
}
