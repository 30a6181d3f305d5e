/** Runs a guider without a model. */
import * as tf from '@tensorflow/tfjs'
import type { BaseGuidance } from '../../../components/guiders/base-guidance'
import type { PredictionName } from '../../../components/guiders/guider-batch'

/** The predictions of one sample, or tensors of them. */
export type GivenPredictions = Readonly<Partial<Record<PredictionName, readonly number[] | tf.Tensor>>>

/** The guided prediction at a step of ten. */
export function guide(guider: BaseGuidance, predictions: GivenPredictions, step = 0): number[] {
  return tf.tidy(() => {
    guider.setState(step, 10, 999)
    const batches = guider.prepareInputs({})
    for (const batch of batches) {
      const given = predictions[batch.prediction] ?? []
      batch.noisePred = given instanceof tf.Tensor ? given : tf.tensor2d([...given], [1, given.length])
    }
    return Array.from(guider.call(batches).pred.dataSync())
  })
}

/** Predictions of one sample, and what the guiders are known to make of them. */
export const pair = { predCond: [1, 0, 2, 5], predUncond: [0.5, 0.5, 0.5, 0.5] }

/** For `toEqual`. */
export function near(values: readonly number[], digits = 4): unknown[] {
  return values.map(value => expect.closeTo(value, digits))
}

/** The steps of ten at which a guider asks for more than one prediction. */
export function stepsTaken(guider: BaseGuidance): number[] {
  return Array.from({ length: 10 }, (_, step) => step).filter(step => {
    guider.setState(step, 10, 0)
    return guider.numConditions > 1
  })
}
