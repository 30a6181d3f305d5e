/**
 * Strengthens what a UNet has computed against what its way down hands over. Source: https://arxiv.org/abs/2309.11497; counterpart: utils/torch_utils.py (apply_freeu,
 * fourier_filter).
 */
import { z } from 'zod'
import { classNameOf } from '../../../src/format/class-name'
import * as tf from '../../tensors/tf'
import type { UNet2DConditionModel } from '../unet-2d-condition/unet-2d-condition-model'
import type { UpBlockInputs } from '../unet-2d-condition/up-block'
import { ModelHookError } from './model-hook-error'
import type { ModuleHook } from './module-hook'

const factor = z.number().positive()

/** The settings of FreeU: `s` for what the way down hands over, `b` for what comes from below, at the first and the second level of the way up. */
export const freeUConfig = z.strictObject({ s1: factor, s2: factor, b1: factor, b2: factor })

/** What {@link freeUHooks} does. The reference switches itself off if one of them is 0, so 0 is refused. */
export type FreeUConfig = z.output<typeof freeUConfig>

/** Blocks that the reference does this in. */
const TYPES = ['UpBlock2D', 'CrossAttnUpBlock2D']

/** Returns hooks that do so in the first two levels of a UNet's way up. @throws ModelHookError for a UNet without such blocks */
export function freeUHooks(unet: UNet2DConditionModel, { s1, s2, b1, b2 }: FreeUConfig): ModuleHook[] {
  const levels = [
    { scale: s1, boost: b1 },
    { scale: s2, boost: b2 },
  ]
  const hooks = levels.flatMap(({ scale, boost }, level) => {
    const block = unet.upBlocks[level]
    if (block === undefined || !TYPES.includes(block.type)) return []
    return block.channelsFromBelow.map((channels, i): ModuleHook => {
      return {
        name: `freeU(${channels})`,
        module: `up_blocks.${level}.resnets.${i}`,
        numbers: [boost, scale],
        forward: ({ run, args: [joined, ...rest], numbers: [boost, scale] }) =>
          tf.tidy(() => {
            const factors = { boost: boost as tf.Tensor1D, scale: scale as tf.Tensor1D } // Two were given.
            return run(applyFreeU(joined as tf.Tensor4D, channels, factors), ...rest) as tf.Tensor4D
          }),
      }
    })
  })
  if (unet.midBlock === undefined && hooks[0]?.module.startsWith('up_blocks.0.')) hooks.push(sharedMapHook(b1))
  if (hooks.length > 0) return hooks
  throw new ModelHookError(
    classNameOf(unet),
    'up_blocks',
    `has no block of the types ${TYPES.join(', ')} that FreeU changes`,
  )
}

/**
 * Returns the hook for a UNet without a middle: what comes from below is the last map of the way down itself. The reference boosts it in place, so it changes
 * both. ControlNets add to the map of the way down, which makes it another one.
 */
function sharedMapHook(boost: number): ModuleHook {
  return {
    name: 'freeU(shared map)',
    module: 'up_blocks.0',
    numbers: [boost],
    forward: ({ run, args: [below, inputs], numbers: [factor] }) =>
      tf.tidy(() => {
        const map = below as tf.Tensor4D
        const { residuals } = inputs as UpBlockInputs
        if (residuals.at(-1) !== map) return run(map, inputs) as tf.Tensor4D
        const half = Math.floor(map.shape[3] / 2)
        const [strong, rest] = tf.split(map, [half, map.shape[3] - half], 3) as [tf.Tensor4D, tf.Tensor4D] // Two parts were asked for.
        const boosted = tf.concat([strong.mul(factor as tf.Tensor1D), rest], 3) // One number was given.
        return run(map, {
          ...(inputs as UpBlockInputs),
          residuals: [...residuals.slice(0, -1), boosted],
        }) as tf.Tensor4D
      }),
  }
}

/**
 * Changes the input of a residual block: multiplies the first half of the channels from below, and the low frequencies of the others.
 *
 * @param joined `[batch, height, width, channels]`
 * @param fromBelow how many of the channels come from below
 */
function applyFreeU(
  joined: tf.Tensor4D,
  fromBelow: number,
  { boost, scale }: Record<'boost' | 'scale', tf.Tensor1D>,
): tf.Tensor4D {
  const half = Math.floor(fromBelow / 2)
  const channels = joined.shape[3]
  const [strong, rest, residual] = tf.split(joined, [half, fromBelow - half, channels - fromBelow], 3) as [
    tf.Tensor4D,
    tf.Tensor4D,
    tf.Tensor4D,
  ] // Three parts were asked for.
  return tf.concat([strong.mul(boost), rest, scaleLowFrequencies(residual, scale)], 3)
}

/**
 * Multiplies the lowest frequencies of a map, 0 and −1 of rows and columns, which are the middle of the shifted spectrum. They are few, so the map is projected on
 * their waves, and no Fourier transform is needed.
 *
 * @param map `[batch, height, width, channels]`
 * @param scale `[1]`
 */
function scaleLowFrequencies(map: tf.Tensor4D, scale: tf.Tensor1D): tf.Tensor4D {
  const [batch, height, width, channels] = map.shape
  return tf.tidy(() => {
    const waves = lowWaves(height, width)
    const positions = map.reshape<tf.Tensor3D>([batch, height * width, channels])
    const all = waves.expandDims<tf.Tensor3D>(0).tile([batch, 1, 1])
    const low = tf.matMul(all, tf.matMul(all, positions), true)
    return positions.add(low.mul(scale.sub(1))).reshape<tf.Tensor4D>(map.shape)
  })
}

/** Cosine and sine of each of the frequencies at each position, orthonormal where they are not alike: `[waves, height · width]`. */
function lowWaves(height: number, width: number): tf.Tensor2D {
  const norm = 1 / Math.sqrt(height * width)
  const rows: number[][] = []
  for (const y of frequencies(height)) {
    for (const x of frequencies(width)) {
      const angles = Array.from({ length: height * width }, (_, i) => {
        const turns = (y * Math.floor(i / width)) / height + (x * (i % width)) / width
        return 2 * Math.PI * turns
      })
      rows.push(angles.map(angle => Math.cos(angle) * norm))
      if (x !== 0 || y !== 0) rows.push(angles.map(angle => Math.sin(angle) * norm))
    }
  }
  return tf.tensor2d(rows)
}

/** The frequencies in the middle of a shifted spectrum of that length. */
function frequencies(length: number): readonly number[] {
  return length > 1 ? [-1, 0] : [0]
}
