import * as tf from '@tensorflow/tfjs'
import { DDIMInverseScheduler } from '../../../../components/schedulers/variance-preserving/ddim-inverse-scheduler'
import { DDIMScheduler } from '../../../../components/schedulers/variance-preserving/ddim-scheduler'
import { catchWarnings } from '../../../src/fixtures/emitted-warnings'
import { useBackend } from '../../models/use-backend'

useBackend('cpu')

test('leads a sample to its noise, from which DDIM leads it back', () => {
  const config = { betaStart: 0.00085, betaEnd: 0.012, betaSchedule: 'scaled_linear', clipSample: false } as const
  const [inverse, ddim] = [new DDIMInverseScheduler(config), new DDIMScheduler(config)]
  const clean = tf.tensor1d([0.5, -1, 2])
  const noise = tf.tensor1d([1, 0.5, -0.25])
  let sample: tf.Tensor = clean.clone()
  for (const scheduler of [inverse, ddim]) {
    scheduler.setTimesteps(10)
    for (const t of scheduler.timesteps) {
      const { prevSample, predOriginalSample } = scheduler.step(noise, t, sample)
      tf.dispose([sample, predOriginalSample ?? []])
      sample = prevSample
    }
  }
  expect(Array.from(sample.dataSync())).toEqual([0.5, -1, 2].map(value => expect.closeTo(value, 4)))
  expect([inverse.timesteps[0], inverse.timesteps.at(-1)]).toEqual([0, 900])
  tf.dispose([clean, noise, sample])
})

test('cannot tell the noise of a sample without any from a clean sample', () => {
  const scheduler = new DDIMInverseScheduler({ predictionType: 'sample' })
  scheduler.setTimesteps(10)
  const x = tf.ones([1])
  expect(() => scheduler.step(x, 0, x)).toThrow(
    /timestep 0 is reached from a sample without noise.*set setAlphaToOne to false/,
  )
  x.dispose()
})

test('has no linspace, and leaves thresholding alone', () => {
  expect(() => DDIMInverseScheduler.fromConfig({ timestep_spacing: 'linspace' })).toThrow(
    /timestep_spacing: "linspace" is not supported; supported: "leading", "trailing"/,
  )
  const warnings = catchWarnings()
  expect(DDIMInverseScheduler.fromConfig({ thresholding: true }).ignoredKeys).toEqual(['thresholding'])
  expect(warnings()).toEqual([expect.stringMatching(/^UNREAD_CONFIG_KEYS: .*"thresholding"/)])
})
