import * as tf from '@tensorflow/tfjs'
import { ConfigError } from '../../../components/configs/config-error'
import { AdaptiveProjectedGuidance } from '../../../components/guiders/adaptive-projected-guidance'
import { AdaptiveProjectedMixGuidance } from '../../../components/guiders/adaptive-projected-mix-guidance'
import type { BaseGuidance } from '../../../components/guiders/base-guidance'
import { GuiderArgumentError } from '../../../components/guiders/guider-argument-error'
import { useBackend } from '../models/use-backend'
import { type GivenPredictions, guide, near, pair } from './guide'

useBackend('cpu')

test.each([
  [{ guidanceScale: 2 }, [1.5, -0.5, 3.5, 9.5]],
  [{ guidanceScale: 2, adaptiveProjectedGuidanceMomentum: -0.5, eta: 0 }, [-0.2333, -0.5, 0.0333, 0.8333]],
  [{ guidanceScale: 2, adaptiveProjectedGuidanceRescale: 1 }, [0.7085, 0.2915, 1.1255, 2.3766]],
])('%j gives the checked values', (config, expected) => {
  const guider = new AdaptiveProjectedGuidance(config)
  expect(guide(guider, pair)).toEqual(near(expected))
  guider.dispose()
})

test('projects also what is too small or too large to be squared', () => {
  for (const size of [1e-25, 1e25]) {
    const scaled = { predCond: [1, 0, 2, 5].map(x => x * size), predUncond: [0.5, 0.5, 0.5, 0.5].map(x => x * size) }
    const guider = new AdaptiveProjectedGuidance({ guidanceScale: 2, eta: 0, adaptiveProjectedGuidanceRescale: 0 })
    const pred = guide(guider, scaled)
    // Nothing that is shorter than 1e-12 is taken for a direction.
    const expected = size > 1 ? [-0.2333, -0.5, 0.0333, 0.8333] : [1.5, -0.5, 3.5, 9.5]
    expect(pred.map(value => value / size)).toEqual(near(expected))
  }
})

describe('the axes of lengths and projections', () => {
  /** [1, 2, 2, 3] with the channels last: those of the second and third are multiples of those of the first. */
  const images = (values: number[]) =>
    tf.tensor4d(
      values.flatMap(value => [value, 2 * value, 3 * value]),
      [1, 2, 2, 3],
    )
  const config = { guidanceScale: 2, eta: 0, adaptiveProjectedGuidanceRescale: 0 }
  const guideImages = (dims: number | number[] | null) =>
    tf.tidy(() => {
      const predictions: GivenPredictions = { predCond: images(pair.predCond), predUncond: images(pair.predUncond) }
      return guide(new AdaptiveProjectedGuidance({ ...config, adaptiveProjectedGuidanceNormDim: dims }), predictions)
    })

  test('are named as if the channels were second', () => {
    const ofHeightAndWidth = guide(new AdaptiveProjectedGuidance(config), pair).flatMap(x => [x, 2 * x, 3 * x])
    expect(guideImages([-1, -2])).toEqual(near(ofHeightAndWidth))
    expect(guideImages([2, 3])).toEqual(near(ofHeightAndWidth))
    // Along the channels each pixel of the difference is parallel to that of the prediction, or the latter is zero.
    expect(guideImages(1)).toEqual(near([0.5, -0.5, 0.5, 0.5].flatMap(x => [x, 2 * x, 3 * x])))
    expect(guideImages([-3])).toEqual(guideImages(1))
    expect(guideImages([1, 2, 3])).toEqual(guideImages(null))
  })

  test.each([[4], [[1, -3]]])('%j are not different axes of an image', dims => {
    expect(() => guideImages(dims)).toThrow(GuiderArgumentError)
    expect(() => guideImages(dims)).toThrow('adaptiveProjectedGuidanceNormDim must name different axes')
  })

  test('are one at least', () => {
    expect(() => new AdaptiveProjectedGuidance({ adaptiveProjectedGuidanceNormDim: [] })).toThrow(ConfigError)
  })
})

describe.each([
  ['AdaptiveProjectedGuidance', new AdaptiveProjectedGuidance({ adaptiveProjectedGuidanceMomentum: 0.7, eta: 0.3 })],
  [
    'AdaptiveProjectedMixGuidance',
    new AdaptiveProjectedMixGuidance({
      adaptiveProjectedGuidanceMomentum: 0.7,
      eta: 0.3,
      adaptiveProjectedGuidanceStartStep: 0,
    }),
  ],
])('the momentum of %s', (_name, guider: BaseGuidance) => {
  const other = { predCond: [3, 1, 0, -2], predUncond: [1, 1, 2, 0] }
  const [forth, back] = [
    [pair, other, pair],
    [other, pair, other],
  ]
  const run = (own: BaseGuidance, predictions: readonly GivenPredictions[] = forth) => {
    const preds = predictions.map((given, step) => guide(own, given, step))
    own.dispose()
    return preds
  }

  test('changes the later steps, and starts again with a run', () => {
    const own = guider.forRun()
    const first = run(own)
    expect(first[2]).not.toEqual(near(guide(guider.forRun(), pair, 2)))
    expect(run(own)).toEqual(first)
  })

  test('of two runs that take turns is that of two runs', () => {
    const [a, b] = [guider.forRun(), guider.forRun()]
    const inTurns = forth.map((given, step) => {
      const preds = [guide(a, given, step), guide(b, back[step] as typeof pair, step)]
      // A copy of a run takes nothing of it along.
      a.forRun().dispose()
      return preds
    })
    const apart = [run(guider.forRun()), run(guider.forRun(), back)]
    expect([0, 1].map(which => inTurns.map(preds => preds[which]))).toEqual(apart)
    a.dispose()
    b.dispose()
  })

  test('is one tensor until it is disposed', () => {
    const before = tf.memory().numTensors
    const own = guider.forRun()
    guide(own, pair, 0)
    guide(own, other, 1)
    expect(tf.memory().numTensors - before).toBe(1)
    own.setState(0, 10, 999)
    expect(tf.memory().numTensors - before).toBe(0)
    guide(own, pair, 0)
    own.dispose()
    own.dispose()
    expect(tf.memory().numTensors - before).toBe(0)
  })
})
