import * as tf from '@tensorflow/tfjs'
import { ConfigError } from '../../../../components/configs/config-error'
import { Generator } from '../../../../components/random/generator'
import { FlowMatchLCMScheduler } from '../../../../components/schedulers/flow-matching/flow-match-lcm-scheduler'
import { useBackend } from '../../models/use-backend'

useBackend('cpu')

/** The sizes that a run visits. */
function sizes(scheduler: FlowMatchLCMScheduler, begin: readonly [number, number]): string[] {
  scheduler.setTimesteps(3)
  const visited: string[] = []
  let sample: tf.Tensor = tf.ones([1, ...begin, 2])
  for (const t of scheduler.timesteps) {
    const next = tf.tidy(() => scheduler.step(sample, t, sample, { generator: new Generator(1) }).prevSample)
    sample.dispose()
    sample = next
    visited.push(`${next.shape[1]}x${next.shape[2]}`)
  }
  sample.dispose()
  return visited
}

test('samples grow by multiples of the size that the run began with', () => {
  const scheduler = new FlowMatchLCMScheduler({ scaleFactors: [1.5, 2.5] })
  expect(sizes(scheduler, [4, 6])).toEqual(['6x9', '10x15', '10x15'])
  // Each run has its own beginning.
  expect(sizes(scheduler, [2, 2])).toEqual(['3x3', '5x5', '5x5'])
  expect(sizes(new FlowMatchLCMScheduler(), [4, 6])).toEqual(['4x6', '4x6', '4x6'])
})

test('the true velocity finds the clean sample in every step', () => {
  const scheduler = new FlowMatchLCMScheduler({ shift: 3 })
  scheduler.setTimesteps(2)
  tf.tidy(() => {
    const [clean, noise] = [tf.tensor4d([0.5, -2], [1, 1, 1, 2]), tf.tensor4d([1, 0.25], [1, 1, 1, 2])]
    const t = scheduler.timesteps[0] as number
    const velocity = scheduler.getVelocity(clean, noise, t)
    const result = scheduler.step(velocity, t, scheduler.addNoise(clean, noise, t), { generator: new Generator(1) })
    expect(Array.from(result.predOriginalSample?.dataSync() ?? [])).toEqual([0.5, -2].map(v => expect.closeTo(v, 5)))
  })
})

test('refuses another number of steps than there are sizes, and samples without a size', () => {
  const scheduler = new FlowMatchLCMScheduler({ scaleFactors: [1.5, 2.5] })
  expect(() => scheduler.setTimesteps(4)).toThrow('numInferenceSteps must be 3, one more than scaleFactors, but is 4')
  scheduler.setTimesteps(3)
  const x = tf.ones([4])
  expect(() => scheduler.step(x, 1000, x, { varianceNoise: x })).toThrow(
    'sample must be [batch, height, width, channels] if scaleFactors is set, but has the shape [4]',
  )
  x.dispose()
})

test('knows the ways to resize that images have', () => {
  expect(() => FlowMatchLCMScheduler.fromConfig({ upscale_mode: 'trilinear' })).toThrow(ConfigError)
})
