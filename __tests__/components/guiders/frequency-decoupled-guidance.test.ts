import * as tf from '@tensorflow/tfjs'
import { ClassifierFreeGuidance } from '../../../components/guiders/classifier-free-guidance'
import { FrequencyDecoupledGuidance } from '../../../components/guiders/frequency-decoupled-guidance'
import { GuiderArgumentError } from '../../../components/guiders/guider-argument-error'
import { useBackend } from '../models/use-backend'
import { guide, near, pair, stepsTaken } from './guide'

useBackend('cpu')

describe('a step', () => {
  const shape: [number, number, number, number] = [2, 9, 13, 3]
  let predictions: { predCond: tf.Tensor4D; predUncond: tf.Tensor4D }
  beforeAll(() => {
    const [predCond, predUncond] = [1, 2].map(seed => tf.randomNormal<tf.Rank.R4>(shape, 0, 1, 'float32', seed))
    predictions = { predCond, predUncond } as typeof predictions // Two of them.
  })
  afterAll(() => {
    tf.dispose(predictions)
  })

  test('with the same scale at each level is that of classifier-free guidance', () => {
    const guider = new FrequencyDecoupledGuidance({ guidanceScales: [3, 3, 3] })
    const expected = guide(new ClassifierFreeGuidance({ guidanceScale: 3 }), predictions)
    expect(guide(guider, predictions)).toEqual(near(expected))
  })

  test.each([
    ['whose scale changes nothing', { guidanceScales: [3, 1] }],
    ['outside of its window', { guidanceScales: [3, 7], start: [0, 0.5] }],
    ['whose window is empty', { guidanceScales: [3, 7], start: [0, 0.9], stop: [1, 0.2] }],
  ])('leaves a level %s as in the conditional prediction', (_name, config) => {
    // Almost 1 takes part, and changes next to nothing.
    const expected = guide(new FrequencyDecoupledGuidance({ guidanceScales: [3, 1 + 1e-7] }), predictions)
    expect(guide(new FrequencyDecoupledGuidance(config), predictions)).toEqual(near(expected))
  })

  test('also where it is the first level', () => {
    const expected = guide(new FrequencyDecoupledGuidance({ guidanceScales: [1 + 1e-7, 3] }), predictions)
    expect(guide(new FrequencyDecoupledGuidance({ guidanceScales: [1, 3] }), predictions)).toEqual(near(expected))
  })

  test('one setting for all levels is the same for each', () => {
    const settings = {
      guidanceRescale: 0.3,
      parallelWeights: 0.5,
      start: 0,
      stop: 0.9,
      guidanceRescaleSpace: 'freq',
    } as const
    const [all, each] = [
      settings,
      { ...settings, guidanceRescale: [0.3, 0.3], parallelWeights: [0.5, 0.5], start: [0, 0], stop: [0.9, 0.9] },
    ].map(config => guide(new FrequencyDecoupledGuidance(config), predictions))
    expect(each).toEqual(all)
  })

  test('is refused for predictions that are not images, or too small', () => {
    const guider = new FrequencyDecoupledGuidance()
    expect(() => guide(guider, pair)).toThrow(GuiderArgumentError)
    expect(() => guide(guider, pair)).toThrow('noisePred must be [batch, height, width, channels], but is [1,4]')
    const many = new FrequencyDecoupledGuidance({ guidanceScales: [5, 4, 3, 2, 1] })
    expect(() => guide(many, predictions)).toThrow('noisePred is 9 × 13; 5 guidanceScales need sides of more than 16')
  })
})

test('takes part from the first start to the last stop', () => {
  expect(stepsTaken(new FrequencyDecoupledGuidance({ start: [0.5, 0.3], stop: [0.6, 0.4] }))).toEqual([3, 4, 5])
  expect(stepsTaken(new FrequencyDecoupledGuidance({ guidanceScales: [1, 1] }))).toEqual([])
  expect(stepsTaken(new FrequencyDecoupledGuidance({ guidanceScales: [0, 0], useOriginalFormulation: true }))).toEqual(
    [],
  )
})

test('copies and changed ones have the settings of each level', () => {
  const guider = new FrequencyDecoupledGuidance({ guidanceScales: [1, 1], start: [0.1, 0.2] })
  expect(guider.new({ guidance_scales: [4, 2] }).config).toMatchObject({ guidanceScales: [4, 2], start: [0.1, 0.2] })
  expect(guider.new({ guidanceScales: [4, 2] }).forRun().numConditions).toBe(2)
})

test.each([
  [{ guidance_scales: [] }, /guidance_scales/],
  [
    { guidance_rescale: [0.1] },
    /guidance_rescale: must be one number, or one for each of the 2 guidance_scales, but has 1/,
  ],
  [{ parallel_weights: [1, 1, 1] }, /parallel_weights: must be one number/],
  [{ start: [0, 0.1, 0.2] }, /start: must be one number/],
  [{ start: [1, 1] }, /start: must be less than 1/],
  [{ start: [0.5, 0.6], stop: [0.3, 0.4] }, /stop: must be at least start, which is 0.5, but is 0.4/],
  [{ guidance_rescale_space: 'pixel' }, /guidance_rescale_space: "pixel" is not supported; supported: "data", "freq"/],
])('refuses %j', (config, message) => {
  expect(() => FrequencyDecoupledGuidance.fromConfig(config)).toThrow(message)
})
