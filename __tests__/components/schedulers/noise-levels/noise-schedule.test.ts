import { betaSchedules } from '../../../../components/schedulers/noise-levels/beta-schedule'
import { makeNoiseSchedule, makeSigmaSchedule } from '../../../../components/schedulers/noise-levels/noise-schedule'

const settings = {
  numTrainTimesteps: 1000,
  betaStart: 0.00085,
  betaEnd: 0.012,
  betaSchedule: 'scaled_linear',
  trainedBetas: null,
  rescaleBetasZeroSnr: true,
} as const

test('a schedule rescaled to zero terminal signal keeps its first step and ends in pure noise', () => {
  const plain = makeNoiseSchedule({ ...settings, rescaleBetasZeroSnr: false }).alphasCumprod
  const { alphasCumprod } = makeNoiseSchedule(settings)
  expect(alphasCumprod[0]).toBeCloseTo(plain[0] as number, 6)
  expect(alphasCumprod[999]).toBe(0)
})

test('in sigma space pure noise has a finite sigma', () => {
  expect(makeSigmaSchedule(settings).sigmas[999]).toBeCloseTo(4096, 2)
})

test('trained betas take the place of a schedule', () => {
  const trainedBetas = [0.1, 0.5]
  const { betas, alphasCumprod } = makeNoiseSchedule({ ...settings, trainedBetas, rescaleBetasZeroSnr: false })
  expect(Array.from(betas)).toEqual(trainedBetas.map(Math.fround))
  expect(alphasCumprod[1]).toBeCloseTo(0.45, 6)
})

test('the laplace schedule has the numbers of the reference', () => {
  const betas = betaSchedules.laplace({ numTrainTimesteps: 50, betaStart: 0.0001, betaEnd: 0.02 })
  const recorded = [
    0.08667369931936264, 0.03282720968127251, 0.005063842982053757, 0.005115401931107044, 0.13055965304374695,
    0.9225794076919556,
  ]
  expect([0, 1, 24, 25, 48, 49].map(t => betas[t])).toEqual(recorded.map(value => expect.closeTo(value, 6)))
})
