/** The readers of schedulers and guiders. A scheduler that is read makes three steps, too. */
import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import type { SchedulerClass, SchedulerMixin } from '../../components/schedulers/scheduler-mixin'
import { schedulerNames } from '../../components/schedulers/scheduler-names'
import { Generator, guiderNames, ModularError, makeGuider } from '../../index'
import { toSnakeCase } from '../../src'
import { jsonFile, spoiled, spoiledNumbers } from '../inputs'
import { type Reader, reader, write } from '../reader'

const schedulers = [...new Set(Object.values(schedulerNames).map(({ schedulerClass }) => schedulerClass))]
const schedulerInput = fc.nat(schedulers.length - 1).chain(i => {
  const type = schedulers[i] as SchedulerClass
  const settings = Object.fromEntries(
    Object.entries(new type({}).config).map(([key, value]) => [toSnakeCase(key), value]),
  )
  return fc.tuple(
    fc.constant(i),
    jsonFile(fc.oneof(spoiled(settings), spoiledNumbers(settings))),
    fc.constantFrom(1, 2, 5, 20),
  )
})

type Loadable = { fromPretrained(folder: string): Promise<SchedulerMixin> }

async function runScheduler([i, text, steps]: [number, string, number], folder: string): Promise<void> {
  const type = schedulers[i] as SchedulerClass
  const scheduler = (
    await (type as unknown as Loadable).fromPretrained(write(folder, { 'scheduler_config.json': text }))
  ).forRun({ seed: 1 })
  tf.engine().startScope()
  try {
    scheduler.setTimesteps(steps)
    const sample = tf.ones([1, 2, 2, 1])
    let latents: tf.Tensor = sample
    for (const timestep of [...scheduler.timesteps].slice(0, 3)) {
      latents = scheduler.step(sample, timestep, latents, { generator: new Generator(0) }).prevSample
    }
  } catch (error) {
    // What only a run can find names no file: the scheduler was read.
    throw error instanceof ModularError ? new RunError(folder, error) : error
  } finally {
    tf.engine().endScope()
    scheduler.dispose()
  }
}

/** A scheduler that was read cannot run: the error names the class. */
class RunError extends ModularError {
  override readonly code: string
  constructor(folder: string, cause: ModularError) {
    super(`${folder}: ${cause.message}`, { cause })
    this.code = `RUN ${cause.code}`
  }
}

const NAMES = Object.keys(guiderNames)
const guiders = NAMES.map(name => makeGuider(name).constructor as GuiderType)
type GuiderType = {
  name: string
  fromPretrained(folder: string): Promise<{ dispose(): void }>
  new (config: object): { config: object }
}
const guiderInput = fc.nat(NAMES.length - 1).chain(i =>
  fc.tuple(
    fc.constant(i),
    jsonFile(
      spoiled({
        ...Object.fromEntries(
          Object.entries(makeGuider(NAMES[i] as string).config).map(([key, value]) => [toSnakeCase(key), value]),
        ),
        _class_name: guiders[i]?.name,
      }),
    ),
  ),
)

/** Read schedulers and guiders. */
export const schedulerReaders: readonly Reader<unknown>[] = [
  reader('scheduler', schedulerInput, runScheduler),
  reader('guider', guiderInput, async ([i, text], folder) => {
    await guiders[i]?.fromPretrained(write(folder, { 'guider_config.json': text }))
  }),
]
