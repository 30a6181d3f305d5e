import * as tf from '@tensorflow/tfjs'
import { ConfigError } from '../../../../components/configs/config-error'
import { PNDMScheduler } from '../../../../components/schedulers/variance-preserving/pndm-scheduler'
import { useBackend } from '../../models/use-backend'
import { MultistepRun } from '../multistep-run'

useBackend('cpu')

const latents = { betaStart: 0.00085, betaEnd: 0.012, betaSchedule: 'scaled_linear' } as const

test.each([true, false])('interleaved runs equal separate ones, with skipPrkSteps %p', skipPrkSteps => {
  const scheduler = new PNDMScheduler({ ...latents, skipPrkSteps })
  const start = () => {
    const copy = scheduler.forRun()
    copy.setTimesteps(6)
    return new MultistepRun(copy)
  }
  const alone = start().take().finish()
  const [a, b] = [start().take(3), start().take(1)]
  expect([a.take(2), b.take(4), a.take(), b.take()].slice(2).map(run => run.finish())).toEqual([alone, alone])
})

test.each([true, false])('gives everything back in the middle of a run, with skipPrkSteps %p', skipPrkSteps => {
  const before = tf.memory().numTensors
  const scheduler = new PNDMScheduler({ ...latents, skipPrkSteps })
  scheduler.setTimesteps(6)
  const run = new MultistepRun(scheduler).take(3)
  expect(tf.memory().numTensors).toBeGreaterThan(before + 1)
  run.finish()
  expect(tf.memory().numTensors).toBe(before)
})

test.each([true, false])('the true noise is followed to the clean sample, with skipPrkSteps %p', skipPrkSteps => {
  const scheduler = new PNDMScheduler({ ...latents, skipPrkSteps, setAlphaToOne: true })
  scheduler.setTimesteps(10)
  const [clean, noise] = [tf.tensor1d([0.5, -2]), tf.tensor1d([1, 0.25])]
  let sample: tf.Tensor = scheduler.addNoise(clean, noise, scheduler.timesteps[0] as number)
  for (const t of scheduler.timesteps) {
    const { prevSample } = scheduler.step(noise, t, sample)
    sample.dispose()
    sample = prevSample
  }
  expect(Array.from(sample.dataSync())).toEqual([expect.closeTo(0.5, 4), expect.closeTo(-2, 4)])
  tf.dispose([clean, noise, sample])
  scheduler.dispose()
})

test('visits the timesteps of the Runge-Kutta steps, with those half way', () => {
  const scheduler = new PNDMScheduler()
  scheduler.setTimesteps(5)
  expect(scheduler.timesteps).toEqual([800, 700, 700, 600, 600, 500, 500, 400, 400, 300, 300, 200, 200, 0])
  expect(scheduler.numInferenceSteps).toBe(5)
})

test('needs as many steps as the Runge-Kutta steps and one more', () => {
  expect(() => new PNDMScheduler().setTimesteps(3)).toThrow(
    'numInferenceSteps must be at least 4 if skipPrkSteps is false, but is 3: take more steps, or set skipPrkSteps',
  )
})

test('refuses to begin in the middle of the Runge-Kutta steps', () => {
  const scheduler = new PNDMScheduler()
  scheduler.setTimesteps(5)
  scheduler.setBeginIndex(4)
  const x = tf.ones([1])
  expect(() => scheduler.step(x, 600, x)).toThrow('timestep must be 800, the first, if skipPrkSteps is false')
  x.dispose()
})

test('knows no prediction of the clean sample', () => {
  expect(() => PNDMScheduler.fromConfig({ prediction_type: 'sample' })).toThrow(ConfigError)
})
