/**
 * Cancels runs at random moments and measures for how long anything still computes: `node dist/bench/cancel.js [runs] [size] [longest]`. A run is
 * cancelled within `longest` milliseconds. Works on Linux, which tells the processor time of a process.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { StableDiffusionTextToImageBlocks } from 'tesserae'
import { sessionHost } from '../components/executors/graph/session-host'
import { median } from './median'

/** Milliseconds for which a process is watched after a cancel. */
const WATCHED = 1_000

/** What the project promises. */
const LIMIT = 250

/** Processor time of a process in ticks of the system; `undefined` once it has ended. */
function ticksOf(pid: number): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return fields[0] === 'Z' ? undefined : Number(fields[11]) + Number(fields[12])
  } catch {
    return undefined
  }
}

/** Milliseconds after which a process used the processor for the last time. */
async function lastWork(pid: number): Promise<number> {
  const start = performance.now()
  let [last, ticks] = [0, ticksOf(pid)]
  while (performance.now() - start < WATCHED) {
    await wait(5)
    const now = ticksOf(pid)
    if (now === undefined) return ticks === undefined ? last : performance.now() - start
    if (now !== ticks) last = performance.now() - start
    ticks = now
  }
  return last
}

async function main(): Promise<void> {
  const [runs = 200, size = 1024, longest = 3000] = process.argv.slice(2).map(Number)
  const pipe = new StableDiffusionTextToImageBlocks().initPipeline(process.env.TESSERAE_MODEL ?? 'models/emoji')
  await pipe.loadComponents({ executor: 'graph' })
  const times: number[] = []
  let [killed, finished] = [0, 0]
  for (let i = 0; i < runs; i++) {
    // The start of the process is not a part of a run.
    const { pid = 0 } = await sessionHost.ready()
    const controller = new AbortController()
    const inputs = { prompt: 'red apple', numInferenceSteps: 25, height: size, width: size }
    const run = pipe(inputs, { seed: i, signal: controller.signal }).then(
      () => finished++,
      () => undefined,
    )
    await wait(Math.random() * longest)
    controller.abort()
    times.push(await lastWork(pid))
    if (ticksOf(pid) === undefined) killed++
    await run
  }
  const over = times.filter(time => time > LIMIT).length
  const [worst, middle] = [Math.max(...times), median(times)].map(Math.round)
  console.log(
    `${runs} runs of ${size}² cancelled: computing ended after ${middle} ms (median), ${worst} ms (worst); ${over} later than ${LIMIT} ms; ` +
      `the process was ended ${killed} times, ${finished} runs were done before`,
  )
  pipe.dispose()
  process.exitCode = over === 0 ? 0 : 1
}

main()
