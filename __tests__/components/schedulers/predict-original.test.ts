/** The clean sample that schedulers predict for previews. */
import * as tf from '@tensorflow/tfjs'
import { Generator, randnTensor, SchedulerMixin } from '../../../index'
import { expectClose } from '../../../testing/goldens/compare'
import { toPlain } from '../../../testing/goldens/layout'
import { useBackend } from '../models/use-backend'
import { useLeakCheck } from '../tensors/use-leak-check'

useBackend('cpu')
useLeakCheck()

const draw = (seed: number) => randnTensor([1, 2, 2, 4], new Generator(seed))

/** A scheduler in the middle of a run: at a step that is not the first. */
function inTheMiddle(scheduler: SchedulerMixin): { scheduler: SchedulerMixin; t: number } {
  const run = scheduler.forRun()
  run.setTimesteps(8)
  const t = run.timesteps[3] as number
  run.setBeginIndex(3)
  return { scheduler: run, t }
}

const made = (_class_name: string, config: Record<string, unknown>) =>
  SchedulerMixin.fromConfig({ ...config, _class_name })

test.each([
  ['DDIMScheduler', { clip_sample: false }],
  ['DDIMScheduler', { clip_sample: false, prediction_type: 'v_prediction' }],
  ['DDPMScheduler', { clip_sample: false, prediction_type: 'sample' }],
  ['EulerDiscreteScheduler', {}],
  ['EulerDiscreteScheduler', { prediction_type: 'v_prediction' }],
  ['EulerAncestralDiscreteScheduler', { prediction_type: 'v_prediction' }],
  ['LMSDiscreteScheduler', {}],
  ['HeunDiscreteScheduler', {}],
  ['KDPM2DiscreteScheduler', {}],
  ['EDMEulerScheduler', {}],
  ['TCDScheduler', {}],
  ['FlowMatchEulerDiscreteScheduler', {}],
])('of %s %j is that of its step', (name, config) => {
  const { scheduler, t } = inTheMiddle(made(name, config))
  tf.tidy(() => {
    const [output, sample] = [draw(1), draw(2)]
    const predicted = scheduler.predictOriginal(output, t, sample)
    const { predOriginalSample } = scheduler.step(output, t, sample, { generator: new Generator(3) })
    const expected = predOriginalSample ?? sample.sub(output.mul((scheduler.sigmas as number[])[3] as number))
    expectClose(name, toPlain(predicted), toPlain(expected), { atol: 1e-5, rtol: 1e-5 })
  })
  scheduler.dispose()
})

const solvers = ['PNDMScheduler', 'DPMSolverMultistepScheduler', 'UniPCMultistepScheduler', 'DEISMultistepScheduler']

test.each(solvers)('of %s is the sample without the noise that it holds', name => {
  const { scheduler, t } = inTheMiddle(made(name, {}))
  tf.tidy(() => {
    const [clean, noise] = [draw(1), draw(2)]
    const sample = scheduler.addNoise(clean, noise, t)
    const predicted = scheduler.predictOriginal(noise, t, sample)
    expectClose(name, toPlain(predicted), toPlain(clean), { atol: 1e-5, rtol: 1e-5 })
  })
  scheduler.dispose()
})
