import * as tf from '@tensorflow/tfjs'
import { ConfigError } from '../../../../components/configs/config-error'
import { Generator } from '../../../../components/random/generator'
import { MissingGeneratorError } from '../../../../components/schedulers/missing-generator-error'
import { EulerAncestralDiscreteScheduler } from '../../../../components/schedulers/sigma-space/euler-ancestral-discrete-scheduler'
import { useBackend } from '../../models/use-backend'

useBackend('cpu')

const latents = { betaStart: 0.00085, betaEnd: 0.012, betaSchedule: 'scaled_linear' } as const

function started(config: object = {}): EulerAncestralDiscreteScheduler {
  const scheduler = new EulerAncestralDiscreteScheduler({ ...latents, ...config })
  scheduler.setTimesteps(5)
  return scheduler
}

test('a step needs noise, and one without it leaves the run where it was', () => {
  const scheduler = started()
  const x = tf.ones([1, 2, 2, 1])
  expect(() => scheduler.step(x, 999, x)).toThrow(MissingGeneratorError)
  tf.dispose([x, ...Object.values(scheduler.step(x, 999, x, { generator: new Generator(1) }))])
  expect(scheduler.stepIndex).toBe(1)
})

test('each sample of a batch follows its own generator', () => {
  const x = tf.ones([2, 2, 2, 1])
  const one = tf.ones([1, 2, 2, 1])
  const generators = () => [new Generator(3), new Generator(4)]
  const batch = started().step(x, 999, x, { generator: generators() })
  const alone = generators().map(generator => started().step(one, 999, one, { generator }))
  expect(Array.from(batch.prevSample.dataSync())).toEqual(
    alone.flatMap(result => Array.from(result.prevSample.dataSync())),
  )
  tf.dispose([x, one, ...[batch, ...alone].flatMap(result => Object.values(result))])
})

test('with the true noise, the sample keeps the spread of its sigma', () => {
  const scheduler = started()
  const [, next = 0] = scheduler.sigmas ?? []
  tf.tidy(() => {
    const noise = tf.randomNormal([1, 64, 64, 4], 0, 1, 'float32', 5)
    const sample = noise.mul(scheduler.sigmas?.[0] as number)
    const { prevSample } = scheduler.step(noise, 999, sample, { generator: new Generator(6) })
    const deviation = Math.sqrt(prevSample.square().mean().dataSync()[0] as number)
    expect(deviation / next).toBeCloseTo(1, 1)
  })
})

test('a network that predicts the clean sample is refused', () => {
  expect(() => new EulerAncestralDiscreteScheduler({ predictionType: 'sample' as 'epsilon' })).toThrow(ConfigError)
})
