import fc from 'fast-check'
import { roundHalfEven } from '../../../../components/schedulers/noise-levels/number-sequences'
import { spaceTimesteps, timestepSpacings } from '../../../../components/schedulers/noise-levels/timestep-spacing'

const common = { numTrainTimesteps: 1000, stepsOffset: 0 }

test('each spacing visits the timesteps of the paper', () => {
  const visit = (timestepSpacing: (typeof timestepSpacings)[number], stepsOffset = 0) =>
    spaceTimesteps({ ...common, timestepSpacing, stepsOffset, numInferenceSteps: 4 })
  expect(visit('linspace')).toEqual([999, 666, 333, 0])
  expect(visit('leading')).toEqual([750, 500, 250, 0])
  expect(visit('leading', 1)).toEqual([751, 501, 251, 1])
  expect(visit('trailing')).toEqual([999, 749, 499, 249])
})

test('a sampler that reaches time 0 by itself leaves out the last step', () => {
  const visit = (timestepSpacing: (typeof timestepSpacings)[number]) =>
    spaceTimesteps({ ...common, timestepSpacing, numInferenceSteps: 4, omitLast: true, reachable: 901 })
  expect(visit('linspace')).toEqual([900, 675, 450, 225])
  expect(visit('leading')).toEqual([720, 540, 360, 180])
  expect(visit('trailing')).toEqual([900, 650, 400, 150])
})

test('rounding does not add a step, whatever the number of steps', () => {
  // numpy.arange(1000, 0, -1000 / 61) has 62 elements, the last of them almost 0.
  const timesteps = spaceTimesteps({ ...common, timestepSpacing: 'trailing', numInferenceSteps: 61 })
  expect([timesteps.length, timesteps.at(-1)]).toEqual([61, 15])
})

test('timesteps fall strictly and stay within the training', () => {
  const steps = fc.integer({ min: 1, max: 1000 })
  fc.assert(
    fc.property(fc.constantFrom(...timestepSpacings), steps, (timestepSpacing, numInferenceSteps) => {
      const timesteps = spaceTimesteps({ ...common, timestepSpacing, numInferenceSteps }).map(roundHalfEven)
      expect(timesteps).toHaveLength(numInferenceSteps)
      expect(timesteps.every((timestep, i) => timestep < (timesteps[i - 1] ?? 1000) && timestep >= 0)).toBe(true)
    }),
  )
})
