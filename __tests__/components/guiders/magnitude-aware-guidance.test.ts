import * as tf from '@tensorflow/tfjs'
import { MagnitudeAwareGuidance } from '../../../components/guiders/magnitude-aware-guidance'
import { useBackend } from '../models/use-backend'
import { guide, near, pair } from './guide'

useBackend('cpu')

test('the scale falls with the difference of the predictions', () => {
  // The difference is as long as the unconditional prediction.
  const predictions = { predCond: [3, 4, 5], predUncond: [3, 4, 0] }
  const guider = new MagnitudeAwareGuidance({ guidanceScale: 3, alpha: Math.log(2) })
  expect(guide(guider, predictions)).toEqual(near([3, 4, 10]))
  const original = guider.new({ useOriginalFormulation: true })
  expect(guide(original, predictions)).toEqual(near([3, 4, 12.5]))
})

test('without a fall is classifier-free guidance', () => {
  expect(guide(new MagnitudeAwareGuidance({ guidanceScale: 2, alpha: 0 }), pair)).toEqual(near([1.5, -0.5, 3.5, 9.5]))
})

test('each sample of a batch has its own scale', () => {
  const guider = new MagnitudeAwareGuidance({ guidanceScale: 3, alpha: Math.log(2) })
  const predCond = tf.tensor4d([3, 4, 5, 0, 5, 5, 0, 0], [2, 1, 2, 2])
  const predUncond = tf.tensor4d([3, 4, 0, 0, 5, 5, 0, 0], [2, 1, 2, 2])
  expect(guide(guider, { predCond, predUncond })).toEqual(near([3, 4, 10, 0, 5, 5, 0, 0]))
  tf.dispose([predCond, predUncond])
})

test('two predictions of nothing make nothing', () => {
  expect(guide(new MagnitudeAwareGuidance(), { predCond: [0, 0], predUncond: [0, 0] })).toEqual([0, 0])
})
