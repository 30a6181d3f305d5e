import * as tf from '@tensorflow/tfjs'
import { thresholdSample } from '../../../../components/schedulers/steps/dynamic-thresholding'
import { useBackend } from '../../models/use-backend'

useBackend('cpu')

function threshold(rows: number[][], dynamicThresholdingRatio: number, sampleMaxValue: number): number[][] {
  return tf.tidy(() => {
    const sample = tf.tensor(rows, [rows.length, 1, (rows[0] as number[]).length, 1])
    const result = thresholdSample(sample, { dynamicThresholdingRatio, sampleMaxValue })
    expect(result.shape).toEqual(sample.shape)
    return result.reshape([rows.length, -1]).arraySync() as number[][]
  })
}

test('each sample is scaled by its own quantile and clipped', () => {
  // The quantile 0.75 of 0, 1, 2, 3, 4 is 3; that of 0, 10, 20, 30, 40 is 30.
  expect(
    threshold(
      [
        [0, -1, 2, 3, -4],
        [0, -10, 20, 30, -40],
      ],
      0.75,
      100,
    ),
  ).toEqual([
    [0, expect.closeTo(-1 / 3, 6), expect.closeTo(2 / 3, 6), 1, -1],
    [0, expect.closeTo(-1 / 3, 6), expect.closeTo(2 / 3, 6), 1, -1],
  ])
})

test('a quantile between two values is on the line between them', () => {
  // 0.5 of the way from 1 to 3 is 2.
  expect(threshold([[1, 3]], 0.5, 100)).toEqual([[0.5, 1]])
})

test('small samples are only clipped: the threshold is at least 1', () => {
  expect(threshold([[0.25, -0.5]], 1, 100)).toEqual([[0.25, -0.5]])
})

test('the threshold is at most sampleMaxValue', () => {
  expect(threshold([[1, 8]], 1, 4)).toEqual([[0.25, 1]])
  expect(threshold([[0.25, 8]], 1, 0.5)).toEqual([[0.5, 1]])
})
