import { makeSigmaSchedule } from '../../../components/schedulers/noise-schedule'
import { sigmaToTimestep } from '../../../components/schedulers/sigma-to-timestep'

const { sigmas, logSigmas } = makeSigmaSchedule({
  numTrainTimesteps: 1000,
  betaStart: 0.00085,
  betaEnd: 0.012,
  betaSchedule: 'scaled_linear',
  trainedBetas: null,
  rescaleBetasZeroSnr: false,
})

test('finds the timesteps of the training sigmas', () => {
  for (const timestep of [0, 1, 500, 998, 999]) {
    expect(sigmaToTimestep(sigmas[timestep] as number, logSigmas)).toBeCloseTo(timestep, 3)
  }
})

test('interpolates in the logarithm between them', () => {
  const between = Math.sqrt((sigmas[10] as number) * (sigmas[11] as number))
  expect(sigmaToTimestep(between, logSigmas)).toBeCloseTo(10.5, 3)
})

test('holds sigmas beyond the training at its ends', () => {
  expect(sigmaToTimestep(1e6, logSigmas)).toBe(999)
  expect(sigmaToTimestep(0, logSigmas)).toBe(0)
})
