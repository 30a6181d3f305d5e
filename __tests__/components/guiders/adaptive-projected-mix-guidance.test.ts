import { AdaptiveProjectedMixGuidance } from '../../../components/guiders/adaptive-projected-mix-guidance'
import { useBackend } from '../models/use-backend'
import { guide, near, pair } from './guide'

useBackend('cpu')

const byCfg = [1.5, -0.5, 3.5, 9.5]
const byApg = [-3.1667, -4.5, -1.8333, 2.1667]

test.each([
  [{}, 0, byCfg],
  [{}, 5, byCfg],
  [{}, 6, byApg],
  [{ adaptiveProjectedGuidanceStartStep: 2 }, 3, byApg],
  [{ adaptiveProjectedGuidanceScale: 1 }, 6, byCfg],
  [{ guidanceScale: 1 }, 6, pair.predCond],
])('%j gives the checked values at step %i', (config, step, expected) => {
  const guider = new AdaptiveProjectedMixGuidance({ guidanceScale: 2, ...config })
  expect(guide(guider, pair, step)).toEqual(near(expected))
  guider.dispose()
})

test('the momentum gathers while the guidance is classifier-free', () => {
  const guider = new AdaptiveProjectedMixGuidance({ adaptiveProjectedGuidanceStartStep: 0 })
  guide(guider, pair, 0)
  expect(guider.getState()).toMatchObject({ isCfgEnabled: true, isApgEnabled: false })
  const first = Array.from(guider.getState().momentum?.dataSync() ?? [])
  expect(first).toEqual(near([0.5, -0.5, 1.5, 4.5]))
  guide(guider, pair, 1)
  expect(guider.getState()).toMatchObject({ isCfgEnabled: true, isApgEnabled: true })
  expect(Array.from(guider.getState().momentum?.dataSync() ?? [])).toEqual(near(first.map(value => value / 2)))
  guider.dispose()
  expect(guider.getState().momentum).toBeUndefined()
})

test('without momentum remembers nothing', () => {
  const guider = new AdaptiveProjectedMixGuidance({ adaptiveProjectedGuidanceMomentum: null })
  guide(guider, pair, 0)
  expect(guider.getState().momentum).toBeUndefined()
})
