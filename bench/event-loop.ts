/** How long the event loop is blocked while the library works: `npm run bench -- --only event-loop`. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Generator, ModularPipeline, randnTensorAsync } from 'tesserae'

/** Milliseconds between two looks at the event loop, which every delay contains. */
const RESOLUTION = 1

/** What was measured, in milliseconds. */
export interface EventLoopDelay {
  readonly name: string
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Steps of a run: enough for hundreds of looks. */
const STEPS = 4

/** Measures the delays of the event loop during some work. */
async function delaysOf(name: string, work: () => Promise<unknown>): Promise<EventLoopDelay> {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION })
  histogram.enable()
  await work()
  // The last delay is seen in the next turn.
  await new Promise(resolve => setTimeout(resolve, 2 * RESOLUTION))
  histogram.disable()
  const [p50, p99, max] = [histogram.percentile(50), histogram.percentile(99), histogram.max].map(ns => ns / 1e6)
  return { name, p50: p50 as number, p99: p99 as number, max: max as number }
}

/**
 * Measures each kind of work, in this process.
 *
 * @param models the folder of checkpoints with random weights; loading is left out where `sd15` is not there
 */
async function measureEventLoop(emoji: string, models: string): Promise<EventLoopDelay[]> {
  const delays: EventLoopDelay[] = []
  const noise = async () => (await randnTensorAsync([1, 8192, 8192, 4], new Generator(1))).dispose()
  delays.push(await delaysOf('noise of 8192², as graphs use it', noise))
  const inputs = { prompt: 'pizza', numInferenceSteps: STEPS }
  for (const executor of ['graph', 'eager'] as const) {
    const pipe = await ModularPipeline.fromPretrained(emoji)
    await pipe.loadComponents({ executor })
    // The first run records the models and starts the backend.
    await pipe(inputs, { seed: 1 })
    delays.push(await delaysOf(`run, ${executor}`, () => pipe(inputs, { seed: 1 })))
    pipe.dispose()
  }
  const sd15 = join(models, 'sd15')
  if (existsSync(join(sd15, 'unet'))) {
    for (const executor of ['graph', 'eager'] as const) {
      const load = async () => {
        const pipe = await ModularPipeline.fromPretrained(sd15)
        await pipe.loadComponents({ executor })
        pipe.dispose()
      }
      delays.push(await delaysOf(`loading SD 1.5, ${executor}`, load))
    }
  }
  return delays
}

async function main(): Promise<void> {
  const [emoji = '', models = ''] = process.argv.slice(2)
  const rows = (await measureEventLoop(emoji, models)).map(
    ({ name, p50, p99, max }) => `| ${name} | ${[p50, p99, max].map(ms => ms.toFixed(1)).join(' | ')} |`,
  )
  process.stdout.write(
    `${['| event loop blocked, ms | p50 | p99 | longest |', '|---|---|---|---|', ...rows].join('\n')}\n`,
  )
}

main()
