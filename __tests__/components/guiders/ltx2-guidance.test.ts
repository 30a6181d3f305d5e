import * as tf from '@tensorflow/tfjs'
import { LTX2Guidance } from '../../../components/guiders/ltx2-guidance'
import { Module } from '../../../components/nn/module'
import { useBackend } from '../models/use-backend'
import { guide, near, stepsTaken } from './guide'

useBackend('cpu')

const predictions = { predCond: [1, 2], predUncond: [0, 1], predCondStg: [1, 1], predCondModality: [3, 2] }

test.each([
  [{}, ['predCond'], [1, 2]],
  [{ guidanceScale: 3 }, ['predCond', 'predUncond'], [3, 4]],
  [{ stgScale: 2 }, ['predCond', 'predCondStg'], [1, 4]],
  [{ modalityScale: 2 }, ['predCond', 'predCondModality'], [-1, 2]],
  [
    { guidanceScale: 3, stgScale: 2, modalityScale: 2 },
    ['predCond', 'predUncond', 'predCondStg', 'predCondModality'],
    [1, 6],
  ],
  [{ guidanceScale: 3, stgScale: 2, enabled: false }, ['predCond'], [1, 2]],
])('%j needs %j', (config, names, expected) => {
  const guider = new LTX2Guidance(config)
  expect(guide(guider, predictions)).toEqual(near(expected))
  expect(guider.prepareInputs({}).map(({ prediction }) => prediction)).toEqual(names)
})

test('each pass reads its own condition, and one of them is without the prompt', () => {
  const guider = new LTX2Guidance({ guidanceScale: 3, modalityScale: 2 })
  const conditions = [0, 1, 2, 3].map(condition => tf.scalar(condition))
  const [cond, uncond, stg, modality] = conditions
  const read = guider.prepareInputs({ condition: { cond, uncond, stg, modality } }).map(({ inputs }) => {
    guider.prepareModels(new (class extends Module {})())
    return [conditions.indexOf(inputs.condition as tf.Scalar), guider.isConditional]
  })
  expect(read).toEqual([
    [0, true],
    [1, false],
    [3, true],
  ])
  expect(() => guider.prepareInputs({ condition: { cond, uncond } })).toThrow(
    'the input "condition" has no value for the prediction "predCondModality"',
  )
  tf.dispose(conditions)
})

test('all of it takes part in its window only', () => {
  expect(stepsTaken(new LTX2Guidance({ stgScale: 1, start: 0.2, stop: 0.4 }))).toEqual([2, 3])
})
