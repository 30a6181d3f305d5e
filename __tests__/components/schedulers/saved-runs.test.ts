/** What every scheduler remembers of a run, saved after each step and resumed by another copy. */
import { Generator } from '../../../components/random/generator'
import { SCMScheduler } from '../../../components/schedulers/consistency/scm-scheduler'
import { schedulerClasses } from '../../../components/schedulers/scheduler-classes'
import type { SchedulerMixin } from '../../../components/schedulers/scheduler-mixin'
import { EulerDiscreteScheduler } from '../../../components/schedulers/sigma-space/euler-discrete-scheduler'
import * as tf from '../../../components/tensors/tf'
import { useBackend } from '../models/use-backend'

const STEPS = 5

/** The samples of a run; before each step `next` gives the scheduler that takes it. */
function samplesOf(scheduler: SchedulerMixin, next: (scheduler: SchedulerMixin) => SchedulerMixin): number[][] {
  const generator = new Generator(1)
  const draw = () => tf.tensor(generator.randn([1, 4, 4, 2]), [1, 4, 4, 2])
  let sample = draw()
  const samples: number[][] = []
  let current = scheduler
  for (const timestep of scheduler.timesteps) {
    // The last of this one is where the run ends, and no step.
    if (scheduler instanceof SCMScheduler && timestep === 0) break
    current = next(current)
    const prediction = draw()
    const before = sample
    sample = current.step(prediction, timestep, sample, { generator }).prevSample
    tf.dispose([prediction, before])
    samples.push([...sample.dataSync()])
  }
  sample.dispose()
  current.dispose()
  return samples
}

describe('a saved run of a scheduler', () => {
  useBackend('cpu')

  test.each(schedulerClasses.map(schedulerClass => [schedulerClass.name, schedulerClass] as const))(
    'of %s continues as it would have',
    (_, schedulerClass) => {
      const made = new schedulerClass()
      const begin = () => {
        const run = made.forRun()
        run.setTimesteps(STEPS)
        return run
      }
      tf.engine().startScope()
      const expected = samplesOf(begin(), scheduler => scheduler)
      const handedOn = samplesOf(begin(), scheduler => {
        const saved = scheduler.saveRun()
        const copy = made.forRun().restoreRun(saved)
        scheduler.dispose()
        return copy
      })
      tf.engine().endScope()
      expect(handedOn).toEqual(expected)
    },
  )

  test('is resumed where a minifier has renamed the class', () => {
    const renamed = class a extends EulerDiscreteScheduler {
      static override readonly className = 'EulerDiscreteScheduler'
    }
    const made = new renamed()
    const run = made.forRun()
    run.setTimesteps(STEPS)
    expect(made.forRun().restoreRun(run.saveRun()).timesteps).toEqual(run.timesteps)
  })
})
