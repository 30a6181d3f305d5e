import * as tf from '@tensorflow/tfjs'
import { DPMSolverMultistepScheduler } from '../../../../components/schedulers/exponential-solvers/dpm-solver-multistep-scheduler'
import { UniPCMultistepScheduler } from '../../../../components/schedulers/exponential-solvers/unipc-multistep-scheduler'
import { useBackend } from '../../models/use-backend'
import { takeTurns, walkRun } from '../walk-run'

useBackend('cpu')

const latents = { betaStart: 0.00085, betaEnd: 0.012, betaSchedule: 'scaled_linear' } as const
const flow = { useFlowSigmas: true, predictionType: 'flow_prediction' } as const

test('without its corrector and with order 1 takes the steps of DPM-Solver', () => {
  const unipc = new UniPCMultistepScheduler({ ...latents, solverOrder: 1, disableCorrector: [0, 1, 2, 3, 4] })
  const dpm = new DPMSolverMultistepScheduler({ ...latents, solverOrder: 1 })
  for (const scheduler of [unipc, dpm]) scheduler.setTimesteps(6)
  expect([...walkRun(unipc)]).toEqual([...walkRun(dpm)].map(values => values.map(value => expect.closeTo(value, 4))))
})

test.each([1, 2, 3, 4])('order %d leads a network that knows the clean sample to it, corrected or not', solverOrder => {
  for (const solverType of ['bh1', 'bh2'] as const) {
    for (const lowerOrderFinal of [true, false]) {
      const scheduler = new UniPCMultistepScheduler({
        ...latents,
        solverOrder,
        solverType,
        lowerOrderFinal,
        predictionType: 'sample',
      })
      scheduler.setTimesteps(8)
      const clean = [...walkRun(scheduler, sample => tf.fill(sample.shape, 0.7))].at(-1)
      expect(clean).toEqual([0.7, 0.7, 0.7, 0.7].map(value => expect.closeTo(value, 4)))
    }
  }
})

test('remembers as many predictions as its order, and the last sample, and gives them back', () => {
  const scheduler = new UniPCMultistepScheduler({ ...latents, solverOrder: 3 })
  scheduler.setTimesteps(8)
  const before = tf.memory().numTensors
  const walk = walkRun(scheduler)
  for (let step = 0; step < 5; step++) walk.next()
  expect(tf.memory().numTensors - before).toBe(3 + 1 + 1)
  for (const _ of walk);
  expect(tf.memory().numTensors).toBe(before)
})

test('serves runs that take turns as if each were alone', () => {
  const { turns, alone } = takeTurns(new UniPCMultistepScheduler({ ...latents, solverOrder: 3 }), 6, 4)
  expect(turns).toEqual(alone)
})

test('mu shifts a flow as its logarithm or as it is', () => {
  const sigmasOf = (config: object, mu?: number) => {
    const scheduler = new UniPCMultistepScheduler({ ...flow, ...config })
    scheduler.setTimesteps(6, { mu })
    return scheduler.sigmas?.map(sigma => expect.closeTo(sigma, 5))
  }
  const fixed = sigmasOf({ flowShift: 3 })
  expect(sigmasOf({ useDynamicShifting: true }, Math.log(3))).toEqual(fixed)
  expect(sigmasOf({ useDynamicShifting: true, timeShiftType: 'linear' }, 3)).toEqual(fixed)
  expect(() => sigmasOf({ useDynamicShifting: true })).toThrow('mu must be given if useDynamicShifting is on')
})

test('a flow is stretched to its last sigma, and keeps a trace of signal at its first', () => {
  const scheduler = new UniPCMultistepScheduler({ ...flow, shiftTerminal: 0.1 })
  scheduler.setTimesteps(6)
  expect(scheduler.sigmas?.[5]).toBeCloseTo(0.1, 6)
  expect(scheduler.sigmas?.[0]).toBeLessThan(1)
  expect([...walkRun(scheduler)].flat().every(Number.isFinite)).toBe(true)
})

test('visits the sigmas of the caller, and ends where its setting says', () => {
  const scheduler = new UniPCMultistepScheduler(flow)
  scheduler.setTimesteps(undefined, { sigmas: [0.75, 0.5, 0.25] })
  expect([scheduler.timesteps, scheduler.sigmas]).toEqual([
    [750, 500, 250],
    [0.75, 0.5, 0.25, 0],
  ])
  expect(() => scheduler.setTimesteps(undefined, { sigmas: [1.5, 0.5] })).toThrow('sigmas must be at most 1')
  expect(() => new UniPCMultistepScheduler(latents).setTimesteps(undefined, { sigmas: [0.5] })).toThrow(
    'sigmas can be given only if useFlowSigmas is on',
  )
})

test('brings Karras sigmas to those of a flow', () => {
  const config = { ...latents, useKarrasSigmas: true }
  const [plain, inFlow] = [new UniPCMultistepScheduler(config), new UniPCMultistepScheduler({ ...config, ...flow })]
  for (const scheduler of [plain, inFlow]) scheduler.setTimesteps(6)
  expect(inFlow.sigmas).toEqual(plain.sigmas?.map(sigma => expect.closeTo(sigma / (sigma + 1), 6)))
})

test('of two equal timesteps at the start, a run begins at the first, and noise is that of the second', () => {
  const scheduler = new UniPCMultistepScheduler({ ...latents, useKarrasSigmas: true, sigmaMax: 40 })
  scheduler.setTimesteps(20)
  expect(scheduler.timesteps[1]).toBe(scheduler.timesteps[0])
  const [zeros, ones] = [tf.zeros([1, 1, 1, 1]), tf.ones([1, 1, 1, 1])]
  const noised = scheduler.addNoise(zeros, ones, scheduler.timesteps[0] as number)
  const sigma = scheduler.sigmas?.[1] as number
  expect(noised.dataSync()[0]).toBeCloseTo(sigma / Math.hypot(sigma, 1), 6)
  expect([...walkRun(scheduler)]).toHaveLength(20)
  tf.dispose([zeros, ones, noised])
})

test.each([
  [{ solver_p: { _class_name: 'DDIMScheduler' } }, /solver_p: .* is not supported; supported: null/],
  [{ shift_terminal: 0.1 }, /shift_terminal: is possible only if use_flow_sigmas is on/],
  [{ predict_x0: false }, /final_sigmas_type: "zero" is not possible with predict_x0 off; use "sigma_min"/],
  [
    { ...flow, predict_x0: false, final_sigmas_type: 'sigma_min' },
    /"flow_prediction" is not possible with predict_x0 off/,
  ],
  [{ ...flow, use_beta_sigmas: true }, /useFlowSigmas: is true, but use_beta_sigmas is true as well/],
])('refuses %j', (config, message) => {
  expect(() => UniPCMultistepScheduler.fromConfig(config)).toThrow(message)
})
