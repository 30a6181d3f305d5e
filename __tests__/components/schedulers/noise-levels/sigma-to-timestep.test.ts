import { makeSigmaSchedule } from '../../../../components/schedulers/noise-levels/noise-schedule'
import { sigmaToTimestep } from '../../../../components/schedulers/noise-levels/sigma-to-timestep'

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

test('finds the last of two places where the training does not rise to its end', () => {
  // As with zero-SNR betas, which leave a trace of signal: the last sigma is smaller than the one before.
  const logs = Float32Array.from([0, 1, 3, 2])
  expect(sigmaToTimestep(Math.exp(2), logs)).toBe(3)
  expect(sigmaToTimestep(Math.exp(0.5), logs)).toBeCloseTo(0.5, 6)
})
