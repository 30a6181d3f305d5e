/** The `schedulers` area: denoising loops with a stand-in for the network, adding noise, velocities, beta schedules. */
import { z } from 'zod'
import { makeNoiseSchedule } from '../../../components/schedulers/noise-levels/noise-schedule'
import { betaSettings } from '../../../components/schedulers/scheduler-config'
import { SchedulerMixin } from '../../../components/schedulers/scheduler-mixin'
import type { SetTimestepsOptions } from '../../../components/schedulers/timesteps-request'
import { UnknownSchedulerError } from '../../../components/schedulers/unknown-scheduler-error'
import * as tf from '../../../components/tensors/tf'
import { mapKeys, toCamelCase } from '../../../src'
import { expectClose, expectEqual, type PlainTensor } from '../compare'
import { type GoldenCase, type GoldenTensor, type Json, type Tolerance, UnsupportedGoldenError } from '../golden-case'
import { toChannelsFirst, toTensor } from '../layout'

/** What case.json says. */
interface SchedulerCase {
  scheduler_class: string
  arguments: Json
  set_timesteps: { num_inference_steps?: number; timesteps?: number[]; sigmas?: number[]; mu?: number }
  step_arguments: Json
  /** In steps, each of which is as many timesteps as the order. */
  begin_index: number
  init_noise_sigma: number
  order: number
  noise_at_step: number[]
  add_noise_at: number[]
  noising_method?: string
}

/** Checks one case. */
export async function checkSchedulersCase(golden: GoldenCase): Promise<void> {
  if (Array.isArray(golden.json.rows)) return checkBetaSchedules(golden, golden.json.rows)
  const description = golden.json as unknown as SchedulerCase // The format's.
  const tolerance = golden.tolerance({ atol: 1e-4, rtol: 1e-4 })
  const tensors = new Map<string, GoldenTensor>()
  for (const name of golden.tensorNames) tensors.set(name, await golden.tensor(name))
  const scheduler = makeScheduler(description)
  expectEqual('order', scheduler.order, description.order)
  const loop = scheduler.forRun()
  setTimesteps(loop, description)
  checkSchedule(loop, description, tensors, tolerance)
  checkLoop(loop, description, tensors, tolerance)
  loop.dispose()
  const noising = scheduler.forRun()
  setTimesteps(noising, description)
  if (description.noising_method !== undefined) checkNoising(noising, description, tensors, tolerance)
}

function makeScheduler({ scheduler_class, arguments: settings }: SchedulerCase): SchedulerMixin {
  try {
    return SchedulerMixin.fromConfig({ ...settings, _class_name: scheduler_class })
  } catch (error) {
    if (error instanceof UnknownSchedulerError) throw new UnsupportedGoldenError(`the scheduler ${scheduler_class}`)
    throw error
  }
}

async function checkBetaSchedules(golden: GoldenCase, rows: readonly Json[]): Promise<void> {
  const schema = z.object(betaSettings)
  for (const row of rows) {
    const { betas, alphasCumprod } = makeNoiseSchedule(schema.parse(mapKeys(row, toCamelCase)))
    for (const [name, values] of Object.entries({ betas, alphas_cumprod: alphasCumprod })) {
      const { tensor } = row[name] as { tensor: string }
      const got = { shape: [values.length], values }
      expectClose(tensor, got, await golden.tensor(tensor), golden.tolerance({ atol: 0, rtol: 0 }))
    }
  }
}

function setTimesteps(scheduler: SchedulerMixin, { set_timesteps }: SchedulerCase): void {
  const { num_inference_steps, ...options } = set_timesteps
  scheduler.setTimesteps(num_inference_steps, mapKeys(options, toCamelCase) as SetTimestepsOptions) // As its class takes them.
}

type Tensors = ReadonlyMap<string, GoldenTensor>

function checkSchedule(
  scheduler: SchedulerMixin,
  description: SchedulerCase,
  tensors: Tensors,
  tolerance: Tolerance,
): void {
  const timesteps = tensors.get('timesteps') as GoldenTensor
  const isWhole = timesteps.dtype === 'I64'
  expectClose('timesteps', vectorOf(scheduler.timesteps), timesteps, isWhole ? { atol: 0, rtol: 0 } : tolerance)
  const sigmas = tensors.get('sigmas')
  if (sigmas) expectClose('sigmas', vectorOf(scheduler.sigmas ?? []), sigmas, { atol: 1e-6, rtol: 1e-5 })
  expectEqual('initNoiseSigma', scheduler.initNoiseSigma, description.init_noise_sigma, { atol: 0, rtol: 1e-6 })
}

function checkLoop(
  scheduler: SchedulerMixin,
  description: SchedulerCase,
  tensors: Tensors,
  tolerance: Tolerance,
): void {
  const recorded = (name: string, index: number): GoldenTensor | undefined => {
    const stacked = tensors.get(name)
    return stacked && index >= 0 ? elementAt(stacked, index) : undefined
  }
  const check = (name: string, i: number, got: tf.Tensor | undefined) => {
    const expected = recorded(name, i)
    if (expected && got) expectClose(`${name}[${i}]`, toChannelsFirst(got), expected, tolerance)
  }
  const beginIndex = description.begin_index * description.order
  if (beginIndex > 0) scheduler.setBeginIndex(beginIndex)
  const steps = (tensors.get('prev_samples') as GoldenTensor).shape[0] as number
  let sample = toTensor(tensors.get('initial_sample') as GoldenTensor)
  try {
    for (const [i, t] of scheduler.timesteps.slice(beginIndex).entries()) {
      // SCM's last timestep is where the run ends, and no step.
      if (i === steps) break
      const noise = recorded('noises', description.noise_at_step.indexOf(i))
      const options = {
        ...mapKeys(description.step_arguments, toCamelCase),
        ...(noise && { varianceNoise: toTensor(noise) }),
      }
      const input = scheduler.scaleModelInput(sample, t)
      check('scaled_inputs', i, input)
      const output = tf.tidy(() => input.mul(0.3).add(0.1 * Math.sin(t / 100)))
      check('model_outputs', i, output)
      const { prevSample, predOriginalSample } = scheduler.step(output, t, sample, options)
      tf.dispose([sample, input, output, options.varianceNoise ?? []])
      sample = prevSample
      check('prev_samples', i, prevSample)
      check('pred_original_samples', i, predOriginalSample)
      predOriginalSample?.dispose()
    }
  } finally {
    sample.dispose()
  }
}

function checkNoising(
  scheduler: SchedulerMixin,
  description: SchedulerCase,
  tensors: Tensors,
  tolerance: Tolerance,
): void {
  const original = toTensor(tensors.get('noising_original') as GoldenTensor)
  const noise = toTensor(tensors.get('noising_noise') as GoldenTensor)
  const check = (name: string, i: number, make: () => tf.Tensor) => {
    const stacked = tensors.get(name)
    if (stacked === undefined) return
    const got = make()
    expectClose(`${name}[${i}]`, toChannelsFirst(got), elementAt(stacked, i), tolerance)
    got.dispose()
  }
  for (const [i, index] of description.add_noise_at.entries()) {
    const timestep = scheduler.timesteps[index] as number
    check('noised', i, () => scheduler.addNoise(original, noise, timestep))
    check('velocity', i, () => scheduler.getVelocity(original, noise, timestep))
  }
  tf.dispose([original, noise])
}

function vectorOf(values: readonly number[]): PlainTensor {
  return { shape: [values.length], values }
}

/** An element along the first axis. */
function elementAt(stacked: GoldenTensor, index: number): GoldenTensor {
  const shape = stacked.shape.slice(1)
  const size = shape.reduce((product, length) => product * length, 1)
  return { ...stacked, shape, values: stacked.values.subarray(index * size, (index + 1) * size) as Float32Array }
}
