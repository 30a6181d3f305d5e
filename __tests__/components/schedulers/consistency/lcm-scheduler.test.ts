import * as tf from '@tensorflow/tfjs'
import { Generator } from '../../../../components/random/generator'
import { randnTensor } from '../../../../components/random/randn-tensor'
import { LCMScheduler } from '../../../../components/schedulers/consistency/lcm-scheduler'
import { MissingGeneratorError } from '../../../../components/schedulers/missing-generator-error'
import { useBackend } from '../../models/use-backend'

useBackend('cpu')

function scheduler(steps: number): LCMScheduler {
  const made = new LCMScheduler()
  made.setTimesteps(steps)
  return made
}

test('visits even steps of the distilled timesteps', () => {
  expect(scheduler(4).timesteps).toEqual([999, 759, 499, 259])
  const half = new LCMScheduler()
  half.setTimesteps(2, { originalInferenceSteps: 10, strength: 0.5 })
  expect(half.timesteps).toEqual([499, 299])
})

test('a step with the true noise finds the clean sample and gives it the noise of the generator', () => {
  const lcm = scheduler(2)
  tf.tidy(() => {
    const [clean, noise] = [tf.tensor4d([0.5, -2], [1, 1, 1, 2]), tf.tensor4d([1, 0.25], [1, 1, 1, 2])]
    const result = lcm.step(noise, 999, lcm.addNoise(clean, noise, 999), { generator: new Generator(3) })
    expect(Array.from(result.predOriginalSample?.dataSync() ?? [])).toEqual([
      expect.closeTo(0.5, 3),
      expect.closeTo(-2, 3),
    ])
    const expected = lcm.addNoise(clean, randnTensor([1, 1, 1, 2], new Generator(3)), 499)
    expect(Array.from(result.prevSample.dataSync())).toEqual(Array.from(expected.dataSync(), v => expect.closeTo(v, 3)))
  })
})

test('needs noise for every step but the last', () => {
  const lcm = scheduler(2)
  const x = tf.ones([1, 1, 1, 1])
  expect(() => lcm.step(x, 999, x)).toThrow(MissingGeneratorError)
  const first = lcm.step(x, 999, x, { generator: new Generator(1) })
  const last = lcm.step(x, 499, first.prevSample)
  expect(last.prevSample.dataSync()).toEqual(last.predOriginalSample?.dataSync())
  tf.dispose([x, ...Object.values(first), ...Object.values(last)])
})

test('interleaved runs equal separate ones', () => {
  const made = new LCMScheduler()
  const x = tf.ones([1, 1, 1, 1])
  const [a, b] = [made.forRun(), made.forRun()]
  const results: number[][] = [[], []]
  for (const run of [a, b]) run.setTimesteps(3)
  for (const [i, run] of [a, a, b, a, b, b].entries()) {
    const step = run.step(x, run.timesteps[run.stepIndex ?? 0] as number, x, { generator: new Generator(i) })
    results[run === a ? 0 : 1]?.push(step.predOriginalSample?.dataSync()[0] as number)
    tf.dispose(Object.values(step))
  }
  expect(results[0]).toHaveLength(3)
  expect(results[0]).toEqual(results[1])
  x.dispose()
})

test.each([
  [60, {}, 'numInferenceSteps must be at most 50, the distilled timesteps within the strength, but is 60'],
  [5, { originalInferenceSteps: 10, strength: 0.4 }, 'numInferenceSteps must be at most 4, the distilled'],
  [4, { strength: 0 }, 'strength must be a number above 0, at most 1, but is 0'],
  [4, { strength: 1.5 }, 'strength must be a number above 0'],
  [4, { originalInferenceSteps: 1001 }, 'originalInferenceSteps must be a whole number from 1 to 1000'],
  [undefined, { timesteps: [999, 499], strength: 0.2 }, 'strength 0.2 leaves none of 2 timesteps'],
  [4, { sigmas: [1, 0] }, 'sigmas cannot be given to this scheduler'],
])('refuses %p steps with %j', (steps, options, message) => {
  expect(() => new LCMScheduler().setTimesteps(steps, options)).toThrow(message)
})
