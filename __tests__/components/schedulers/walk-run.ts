/** Denoising loops around a stand-in for the network. */
import * as tf from '@tensorflow/tfjs'
import type { SchedulerMixin } from '../../../components/schedulers/scheduler-mixin'

/** What each step of a run ends with; the network says `0.3 · sample`, or what it is told to. Gives the run's memory back. */
export function* walkRun(
  run: SchedulerMixin,
  answer: (sample: tf.Tensor) => tf.Tensor = sample => sample.mul(0.3),
): Generator<number[]> {
  let sample: tf.Tensor = tf.tensor4d([0.5, -1, 0.25, 2], [1, 2, 2, 1])
  for (const [i, timestep] of run.timesteps.entries()) {
    const previous = sample
    sample = tf.tidy(() => {
      const options = takesNoise(run) ? { varianceNoise: tf.fill(previous.shape, Math.sin(i)) } : {}
      return run.step(answer(previous), timestep, previous, options).prevSample
    })
    previous.dispose()
    yield Array.from(sample.dataSync())
  }
  sample.dispose()
  run.dispose()
}

function takesNoise(run: SchedulerMixin): boolean {
  return run.constructor.name === 'SASolverScheduler'
}

/** Two runs of so many steps that take turns, each of them once more alone. */
export function takeTurns(scheduler: SchedulerMixin, steps: number, otherSteps: number) {
  const start = (count: number) => {
    const run = scheduler.forRun()
    run.setTimesteps(count)
    return walkRun(run)
  }
  const [first, second] = [start(steps), start(otherSteps)]
  const turns: [number[][], number[][]] = [[], []]
  for (let i = 0; i <= Math.max(steps, otherSteps); i++) {
    for (const [which, walk] of [first, second].entries()) {
      const { value, done } = walk.next()
      if (!done) turns[which]?.push(value)
    }
  }
  return { turns, alone: [[...start(steps)], [...start(otherSteps)]] }
}
