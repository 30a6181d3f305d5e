import fc from 'fast-check'
import { ConfigError } from '../../../components/configs/config-error'
import { ClassifierFreeGuidance } from '../../../components/guiders/classifier-free-guidance'
import { useBackend } from '../models/use-backend'
import { guide, near, pair, stepsTaken } from './guide'

useBackend('cpu')

test.each([
  [{ guidanceScale: 2 }, [1.5, -0.5, 3.5, 9.5]],
  [{ guidanceScale: 2, useOriginalFormulation: true }, [2, -1, 5, 14]],
  [{ guidanceScale: 2, guidanceRescale: 0.5 }, [1.125, -0.375, 2.625, 7.125]],
  [{ guidanceScale: 2, enabled: false }, pair.predCond],
])('%j gives the checked values', (config, expected) => {
  expect(guide(new ClassifierFreeGuidance(config), pair)).toEqual(near(expected))
})

test('defaults to a scale of 7.5 over the whole run', () => {
  expect(new ClassifierFreeGuidance().config).toEqual({
    guidanceScale: 7.5,
    guidanceRescale: 0,
    useOriginalFormulation: false,
    start: 0,
    stop: 1,
    enabled: true,
  })
})

test('takes part from start to stop only', () => {
  expect(stepsTaken(new ClassifierFreeGuidance({ start: 0.5, stop: 0.8 }))).toEqual([5, 6, 7])
})

test('asks for both conditions before the first step, and after a run only where the copy is fresh', () => {
  const guider = new ClassifierFreeGuidance({ stop: 0.8 })
  expect(guider.numConditions).toBe(2)
  guider.setState(9, 10, 0)
  expect([guider.numConditions, guider.forRun().numConditions]).toEqual([1, 2])
})

test('a scale that changes nothing saves the second pass', () => {
  expect(new ClassifierFreeGuidance({ guidanceScale: 1 }).numConditions).toBe(1)
  expect(new ClassifierFreeGuidance({ guidanceScale: 1 + 1e-10 }).numConditions).toBe(1)
  expect(new ClassifierFreeGuidance({ guidanceScale: 1.001 }).numConditions).toBe(2)
  expect(new ClassifierFreeGuidance({ guidanceScale: 0 }).numConditions).toBe(2)
  expect(new ClassifierFreeGuidance({ guidanceScale: 0, useOriginalFormulation: true }).numConditions).toBe(1)
})

test('full rescaling gives each sample the deviation of its conditional prediction', () => {
  const row = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 6, maxLength: 6 })
  fc.assert(
    fc.property(row, row, (a, b) => {
      fc.pre(deviation(a.map((value, i) => 3 * value - 2 * (b[i] as number))) > 0)
      const guider = new ClassifierFreeGuidance({ guidanceScale: 3, guidanceRescale: 1 })
      const pred = guide(guider, { predCond: a, predUncond: b })
      expect(deviation(pred)).toBeCloseTo(deviation(a), 4)
    }),
    { numRuns: 30 },
  )
})

test.each([
  [{ start: 1 }, /start/],
  [{ start: -0.1 }, /start/],
  [{ stop: 1.5 }, /stop/],
  [{ start: 0.5, stop: 0.4 }, /stop: must be at least start, which is 0.5, but is 0.4/],
  [{ guidance_scale: 'strong' }, /guidance_scale: must be of type number, but is "strong"/],
  [{ guidance_rescale: 2 }, /guidance_rescale/],
])('refuses %j', (config, message) => {
  expect(() => ClassifierFreeGuidance.fromConfig(config)).toThrow(ConfigError)
  expect(() => ClassifierFreeGuidance.fromConfig(config)).toThrow(message)
})

function deviation(values: number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1))
}
