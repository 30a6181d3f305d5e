/** Times steps of our schedulers on request: what `peers/scheduler_steps.py` does for diffusers, in the same words. */
import { createInterface } from 'node:readline'
import * as tf from '@tensorflow/tfjs'
import { Generator, randnTensor, SchedulerMixin, selectExecutor } from 'tesserae'

interface Request {
  do: 'run' | 'draw' | 'exit'
  scheduler: string
  settings: Readonly<Record<string, unknown>>
  steps: number
  rounds: number
  /** In the reference's order: `[batch, channels, height, width]`. */
  shape: readonly [number, number, number, number]
}

/** The microseconds of a step, each round's mean over a whole run with the same output of the network and the same fresh noise. */
function run({ scheduler, settings, steps, rounds, shape: [batch, channels, height, width] }: Request): object {
  const stepper = SchedulerMixin.fromConfig({ ...settings, _class_name: scheduler })
  const [noise, output] = [1, 2].map(seed =>
    tf.randomNormal<tf.Rank.R4>([batch, height, width, channels], 0, 1, 'float32', seed),
  )
  const microseconds = Array.from({ length: rounds }, () => {
    stepper.setTimesteps(steps)
    const timesteps = scheduler === 'SCMScheduler' ? stepper.timesteps.slice(0, -1) : stepper.timesteps
    let sample = tf.mul(noise as tf.Tensor4D, stepper.initNoiseSigma) as tf.Tensor4D
    const start = performance.now()
    for (const timestep of timesteps) {
      const input = stepper.scaleModelInput(sample, timestep)
      // The network reads it. What is computed elsewhere, or later, counts as well.
      input.dataSync()
      const { prevSample, predOriginalSample } = stepper.step(output as tf.Tensor4D, timestep, sample, {
        varianceNoise: noise,
      })
      tf.dispose([input, sample, predOriginalSample ?? []])
      sample = prevSample
    }
    sample.dataSync()
    const elapsed = performance.now() - start
    sample.dispose()
    return (elapsed * 1000) / timesteps.length
  })
  stepper.dispose()
  tf.dispose([noise ?? [], output ?? []])
  return { microseconds }
}

/** The microseconds of drawing noise. */
function draw({ rounds, shape: [batch, channels, height, width] }: Request): object {
  const generator = new Generator(0)
  const microseconds = Array.from({ length: rounds }, () => {
    const start = performance.now()
    randnTensor([batch, height, width, channels], generator).dispose()
    return (performance.now() - start) * 1000
  })
  return { microseconds }
}

async function main(): Promise<void> {
  // Chooses the backend that a run has by default, too.
  await selectExecutor()
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as Request
    if (request.do === 'exit') break
    let answer: object
    try {
      answer = request.do === 'draw' ? draw(request) : run(request)
    } catch (error) {
      answer = { error: String(error) }
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`)
  }
}

main().then(() => process.exit())
