/**
 * Blurs what image tokens ask for in attention. Source: https://arxiv.org/abs/2408.00760; counterpart:
 * hooks/smoothed_energy_guidance_utils.py
 */
import { z } from 'zod'
import type { Module } from '../../nn/module'
import * as tf from '../../tensors/tf'
import { camelCased, isSelfAttention, layerStackSettings, partsOf } from './layer-skip'
import { stackedBlocks } from './layer-stack'
import type { ModuleHook } from './module-hook'

const settings = z.strictObject(layerStackSettings)

/** The blocks whose attention is blurred, in camelCase or snake_case. */
export const smoothedEnergyConfig = camelCased(settings)

/** Settings of {@link smoothedEnergyHooks}. */
export type SmoothedEnergyGuidanceConfig = z.output<typeof settings>

/** How much is blurred. */
export interface BlurOptions {
  /** Standard deviation of the blur, in tokens. */
  readonly sigma: number
  /** A sigma above this is taken for infinite: every token asks for the mean. */
  readonly thresholdInf: number
}

/**
 * Returns hooks that blur the queries of attention of the tokens to themselves.
 *
 * @throws ModelHookError if the model has no such blocks
 */
export function smoothedEnergyHooks(
  model: Module,
  { indices, fqn }: SmoothedEnergyGuidanceConfig,
  blur: BlurOptions,
): ModuleHook[] {
  return stackedBlocks(model, fqn, indices)
    .flatMap(block => partsOf(block, isSelfAttention))
    .map(attention => ({
      name: `blur(${blur.sigma > blur.thresholdInf ? 'mean' : blur.sigma})`,
      module: `${attention}.to_q`,
      forward: ({ run, args }) => tf.tidy(() => blurTokens(run(...args) as tf.Tensor3D, blur)),
    }))
}

/**
 * A Gaussian blur over the tokens of a square map; tokens behind the largest square are left as they are.
 *
 * @param tokens `[batch, token, channels]`
 */
export function blurTokens(tokens: tf.Tensor3D, { sigma, thresholdInf }: BlurOptions): tf.Tensor3D {
  const [batch, count, channels] = tokens.shape
  const side = Math.floor(Math.sqrt(count))
  const square = side * side
  return tf.tidy(() => {
    const map = tokens.slice([0, 0, 0], [batch, square, channels])
    const blurred = sigma > thresholdInf ? everywhereMean(map) : gaussian(map, side, sigma)
    return tf.concat([blurred, tokens.slice([0, square, 0], [batch, count - square, channels])], 1)
  })
}

function everywhereMean(map: tf.Tensor3D): tf.Tensor3D {
  return map.mean<tf.Tensor3D>(1, true).tile([1, map.shape[1], 1])
}

/** Blurs rows, then columns: each as a product with a matrix that holds the kernel, and at its ends the reflected border. */
function gaussian(map: tf.Tensor3D, side: number, sigma: number): tf.Tensor3D {
  const [batch, count, channels] = map.shape
  const blur = tf.tensor2d(blurMatrix(side, sigma))
  const columns = tf.matMul(blur, map.reshape([batch, side, side * channels]))
  return tf.matMul(blur, columns.reshape([batch * side, side, channels])).reshape<tf.Tensor3D>([batch, count, channels])
}

/** Row `i` holds the weights of all places in the blurred place `i`. */
function blurMatrix(side: number, sigma: number): number[][] {
  // Six standard deviations wide, and no wider than the map.
  const half = Math.min(Math.floor(Math.ceil(6 * sigma) / 2), Math.floor(side / 2))
  const weights = Array.from({ length: 2 * half + 1 }, (_, i) => Math.exp(-0.5 * ((i - half) / sigma) ** 2))
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return Array.from({ length: side }, (_, place) => {
    const row = new Array<number>(side).fill(0)
    for (const [i, weight] of weights.entries()) {
      const from = Math.abs(place + i - half)
      const reflected = from < side ? from : 2 * (side - 1) - from
      row[reflected] = (row[reflected] as number) + weight / sum
    }
    return row
  })
}
