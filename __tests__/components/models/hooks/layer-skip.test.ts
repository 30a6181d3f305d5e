import * as tf from '@tensorflow/tfjs'
import { dropout } from '../../../../components/models/hooks/dropout'
import { layerSkipConfig, layerSkipHooks, skipLayers } from '../../../../components/models/hooks/layer-skip'
import { ModelHookError } from '../../../../components/models/hooks/model-hook-error'
import { blurTokens } from '../../../../components/models/hooks/smoothed-energy'
import { Module } from '../../../../components/nn/module'
import { Generator } from '../../../../components/random/generator'
import { useBackend } from '../use-backend'
import { bareSmallUNet, cleanUpAfterEach, MIDDLE, TOP } from './small-unet'

cleanUpAfterEach()
useBackend('cpu')

const unet = bareSmallUNet()
const hooked = (config: Parameters<typeof layerSkipConfig.parse>[0]) =>
  layerSkipHooks(unet, layerSkipConfig.parse(config), new Generator(0)).map(({ name, module }) => `${name} ${module}`)

describe('which parts are skipped', () => {
  test.each([
    [{ indices: [0] }, [`skip(1) ${MIDDLE}.0`]],
    [{ indices: 1, fqn: TOP }, [`skip(1) ${TOP}.1`]],
    [{ indices: [0], skip_ff: false }, [`skip(1) ${MIDDLE}.0.attn1`]],
    [{ indices: [0], skipAttention: false }, [`skip(1) ${MIDDLE}.0.ff`]],
    [{ indices: [1], dropout: 0.5 }, [`skip(0.5) ${MIDDLE}.1`, `skip(0.5) ${MIDDLE}.1.ff`]],
    [
      { indices: [0, 1], skipAttention: false, skipAttentionScores: true, skipFf: false },
      [`skipScores ${MIDDLE}.0.attn1`, `skipScores ${MIDDLE}.1.attn1`],
    ],
  ])('by %j', (config, expected) => {
    expect(hooked(config)).toEqual(expected)
  })

  test('by indices alone, in the model’s own stack', () => {
    expect(skipLayers([2])).toEqual({
      indices: [2],
      fqn: 'auto',
      skipAttention: true,
      skipAttentionScores: false,
      skipFf: true,
      dropout: 1,
    })
  })
})

describe('what cannot be skipped', () => {
  test.each([
    [{ indices: [] }, /indices/],
    [{ indices: [-1] }, /indices/],
    [{ indices: [0], dropout: 1.5 }, /dropout/],
    [{ indices: [0], skipAttentionScores: true }, /skip_attention is true as well; only one of them may be/],
    [
      { indices: [0], skipAttention: false, skipAttentionScores: true, dropout: 0.5 },
      /dropout is 0.5; with scores it must be 1/,
    ],
    [{ indices: [0], layer: 1 }, /layer/],
  ])('%j is refused', (config, problem) => {
    expect(() => layerSkipConfig.parse(config)).toThrow(problem)
  })

  test('a stack that there is not, with those that there are', () => {
    const skip = () => hooked({ indices: [0], fqn: 'down_blocks.1.attentions.0.transformer_blocks' })
    expect(skip).toThrow(ModelHookError)
    expect(skip).toThrow(`is not a part of the model; there are ${TOP}, ${MIDDLE}, up_blocks.1`)
  })

  test('a model without any', () => {
    const bare = new (class Bare extends Module {})()
    expect(() => layerSkipHooks(bare, skipLayers([0]), new Generator(0))).toThrow(
      'Bare: the stack "auto" is not a part of the model, which has none.',
    )
  })

  test('blocks that the stack does not have', () => {
    expect(() => hooked({ indices: [2, 3] })).toThrow('the stack "auto" has the blocks 0 to 1, and none of 2, 3')
  })
})

describe('dropout', () => {
  const values = (share: number, draw: number) =>
    tf.tidy(() => Array.from(dropout(tf.ones([100, 100]), share, tf.tensor1d([draw])).dataSync()))

  test.each([0.1, 0.5, 0.9])('drops a share of %f and keeps the sum', share => {
    const dropped = values(share, 0.3)
    expect(dropped.filter(value => value === 0).length / 1e4).toBeCloseTo(share, 1)
    expect(dropped.reduce((sum, value) => sum + value, 0) / 1e4).toBeCloseTo(1, 0)
    expect(new Set(dropped).size).toBe(2)
  })

  test('the draw decides', () => {
    expect(values(0.5, 0.3)).toEqual(values(0.5, 0.3))
    const other = values(0.5, 0.55)
    const agreeing = values(0.5, 0.3).filter((value, i) => value === other[i])
    expect(agreeing.length).toBeLessThan(6000)
  })

  test('drops nothing at 0', () => {
    expect(new Set(values(0, 0.7))).toEqual(new Set([1]))
  })
})

describe('a blur of tokens', () => {
  const finite = { thresholdInf: 9999 }

  test('keeps the sum of a spot, spreads it evenly and leaves the rest behind the square alone', () => {
    const spot = tf
      .oneHot(tf.tensor1d([24], 'int32'), 51)
      .reshape<tf.Tensor3D>([1, 51, 1])
      .toFloat()
    const blurred = Array.from(blurTokens(spot as tf.Tensor3D, { sigma: 0.6, ...finite }).dataSync())
    expect(blurred.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5)
    expect([blurred[17], blurred[23], blurred[25], blurred[31]]).toEqual(
      Array(4).fill(expect.closeTo(blurred[17] as number, 6)),
    )
    expect(blurred[24]).toBeGreaterThan(blurred[17] as number)
    expect(blurred.slice(49)).toEqual([0, 0])
  })

  test('beyond the threshold gives every token the mean', () => {
    const ramp = tf.range(0, 9).reshape<tf.Tensor3D>([1, 9, 1])
    expect(new Set(blurTokens(ramp as tf.Tensor3D, { sigma: 10000, ...finite }).dataSync())).toEqual(new Set([4]))
  })

  test.each([0.01, 1, 3, 500])('of sigma %f leaves even tokens even', sigma => {
    const even = blurTokens(tf.ones([2, 16, 3]), { sigma, ...finite }).dataSync()
    for (const value of even) expect(value).toBeCloseTo(1, 5)
  })
})
