import * as tf from '@tensorflow/tfjs'
import { IPNDMScheduler } from '../../../../components/schedulers/variance-preserving/ipndm-scheduler'
import { useBackend } from '../../models/use-backend'
import { MultistepRun } from '../multistep-run'

useBackend('cpu')

function start(scheduler = new IPNDMScheduler()): MultistepRun {
  const copy = scheduler.forRun()
  copy.setTimesteps(8)
  return new MultistepRun(copy)
}

test('interleaved runs equal separate ones', () => {
  const scheduler = new IPNDMScheduler()
  const alone = start(scheduler).take().finish()
  const [a, b] = [start(scheduler).take(3), start(scheduler).take(2)]
  expect([a.take(2), b.take(4), a.take(), b.take()].slice(2).map(run => run.finish())).toEqual([alone, alone])
})

test('keeps the latest four derivatives of a run, and gives them back', () => {
  const before = tf.memory().numTensors
  const run = start().take(6)
  expect(tf.memory().numTensors).toBe(before + 4 + 1)
  run.finish()
  expect(tf.memory().numTensors).toBe(before)
})

test('the true velocity leads to the clean sample', () => {
  const scheduler = new IPNDMScheduler()
  scheduler.setTimesteps(5)
  // At the first timestep a sample is pure noise, and tells nothing of the clean one.
  scheduler.setBeginIndex(1)
  const timesteps = scheduler.timesteps.slice(1)
  const [clean, noise] = [tf.tensor1d([0.5, -2]), tf.tensor1d([1, 0.25])]
  let sample: tf.Tensor = scheduler.addNoise(clean, noise, timesteps[0] as number)
  for (const t of timesteps) {
    const velocity = scheduler.getVelocity(clean, noise, t)
    const { prevSample } = scheduler.step(velocity, t, sample)
    tf.dispose([velocity, sample])
    sample = prevSample
  }
  expect(Array.from(sample.dataSync())).toEqual([expect.closeTo(0.5, 4), expect.closeTo(-2, 4)])
  tf.dispose([clean, noise, sample])
  scheduler.dispose()
})

test('trained betas decide how many steps a run has', () => {
  const scheduler = new IPNDMScheduler({ trainedBetas: [1, 0.5, 0] })
  scheduler.setTimesteps(10)
  expect(scheduler.timesteps).toEqual([1, expect.closeTo(1 / 3, 6)])
  expect(() => IPNDMScheduler.fromConfig({ trained_betas: [1] })).toThrow(/trained_betas/)
})
