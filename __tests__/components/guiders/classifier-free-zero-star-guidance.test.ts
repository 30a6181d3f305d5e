import { ClassifierFreeZeroStarGuidance } from '../../../components/guiders/classifier-free-zero-star-guidance'
import { GuiderArgumentError } from '../../../components/guiders/guider-argument-error'
import { useBackend } from '../models/use-backend'
import { guide, near, pair } from './guide'

useBackend('cpu')

test.each([
  [{ guidanceScale: 2 }, 0, [0, 0, 0, 0]],
  [{ guidanceScale: 2 }, 1, [0, -2, 2, 8]],
  [{ guidanceScale: 2, zeroInitSteps: 0 }, 0, [0, -2, 2, 8]],
  // Neither the scale nor the window keeps the first steps from being zero; disabling does.
  [{ guidanceScale: 1 }, 0, [0, 0, 0, 0]],
  [{ start: 0.5, zeroInitSteps: 2 }, 1, [0, 0, 0, 0]],
  [{ enabled: false }, 0, pair.predCond],
])('%j gives the checked values at step %i', (config, step, expected) => {
  expect(guide(new ClassifierFreeZeroStarGuidance(config), pair, step)).toEqual(near(expected))
})

test('the size of the unconditional prediction does not matter', () => {
  const guider = new ClassifierFreeZeroStarGuidance({ guidanceScale: 4 })
  const [once, thrice] = [1, 3].map(factor =>
    guide(guider, { ...pair, predUncond: [0.2, 1, -1, 2].map(value => value * factor) }, 1),
  )
  expect(thrice).toEqual(near(once as number[]))
})

test('must know the step', () => {
  const guider = new ClassifierFreeZeroStarGuidance({ guidanceScale: 1 })
  const batches = guider.prepareInputs({}).map(batch => ({ ...batch, noisePred: undefined as never }))
  expect(() => guider.call(batches)).toThrow(GuiderArgumentError)
})
