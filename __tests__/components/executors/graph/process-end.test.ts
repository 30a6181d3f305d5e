/** Processes that end while the runtime loads, makes a session or computes. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { untilEnded } from './process-state'

const library = join(__dirname, '..', '..', '..', '..', 'dist', 'index.js')
const model = join(__dirname, '..', '..', '..', '..', 'models', 'emoji')

/** Draws until it is told to stop, and gives what the process ended with. */
function endOf(how: string): Promise<{ code: number | null; signal: NodeJS.Signals | null; complaint: string }> {
  const script = `
    const { selectExecutor, StableDiffusionTextToImageBlocks } = require(${JSON.stringify(library)})
    const pipe = new StableDiffusionTextToImageBlocks().initPipeline(${JSON.stringify(model)})
    const draw = (onEvent = () => {}) =>
      pipe.loadComponents({ executor: 'graph' }).then(() => pipe({ prompt: 'pizza', numInferenceSteps: 50 }, { onEvent }))
    ${how}`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'ignore', 'pipe'] })
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString()
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, complaint }))
  })
}

const ways: readonly (readonly [string, string])[] = [
  // There is no event of this moment: the runtime is loaded within some tens of milliseconds.
  ...[10, 30, 40, 50, 60].map(
    ms =>
      [
        `after ${ms} ms, with nothing left to do`,
        `selectExecutor({ executor: 'graph' }); setTimeout(() => { process.exitCode = 3 }, ${ms})`,
      ] as const,
  ),
  [
    'while a model is made ready',
    `draw(({ type }) => { if (type === 'blockStart') setTimeout(() => process.exit(3), 5) })`,
  ],
  [
    'in the midst of a step',
    `draw(({ type, step }) => { if (type === 'loopStep' && step === 2) setTimeout(() => process.exit(3), 5) })`,
  ],
  [
    'by an error that nobody catches',
    `process.exitCode = 3; draw(({ type, step }) => { if (type === 'loopStep' && step === 2) setTimeout(() => { throw new Error('mine') }, 5) })`,
  ],
]

test.each(ways)('a process ends as it says: %s', async (way, how) => {
  const { code, signal, complaint } = await endOf(how)
  expect(complaint).not.toContain('terminate called')
  expect({ code, signal }).toEqual({ code: way.includes('error') ? 1 : 3, signal: null })
})

/** What the main thread of a program sees of a thread that draws. */
function endOfThread(options: string, how: string): ReturnType<typeof endOf> {
  const body = `
    const { StableDiffusionTextToImageBlocks } = require(${JSON.stringify(library)})
    const { parentPort } = require('node:worker_threads')
    const pipe = new StableDiffusionTextToImageBlocks().initPipeline(${JSON.stringify(model)})
    const onEvent = ({ type, step }) => { if (type === 'loopStep' && step === 2) { parentPort.postMessage('draws'); ${how} } }
    pipe.loadComponents({ executor: 'graph' }).then(() => pipe({ prompt: 'pizza', numInferenceSteps: 400 }, { onEvent }))`
  return endOf(`
    const { Worker } = require('node:worker_threads')
    const worker = new Worker(${JSON.stringify(body)}, { eval: true, ${options} })
    worker.on('error', ({ code }) => console.error(code))
    worker.on('message', () => { if (!${how.length > 0}) setTimeout(() => worker.terminate(), 5) })
    // The main thread lives on.
    worker.on('exit', () => setTimeout(() => process.exit(3), 100))`)
}

test('a thread that draws is terminated without harm for the others', async () => {
  const { code, signal, complaint } = await endOfThread('', '')
  expect({ code, signal, complaint }).toEqual({ code: 3, signal: null, complaint: '' })
})

test('a thread that draws runs out of memory without harm for the others', async () => {
  const fill = 'setTimeout(() => { const all = []; for (;;) all.push(new Array(1e5).fill(Math.random())) }, 5)'
  const { code, signal, complaint } = await endOfThread('resourceLimits: { maxOldGenerationSizeMb: 120 }', fill)
  expect(complaint).toContain('ERR_WORKER_OUT_OF_MEMORY')
  expect({ code, signal }).toEqual({ code: 3, signal: null })
})

const ends: readonly (readonly [string, string])[] = [
  ['is killed', "process.kill(process.pid, 'SIGKILL')"],
  ['calls process.exit()', 'process.exit(3)'],
  ['throws', "throw new Error('mine')"],
]

test.each(ends)('the process of ONNX Runtime ends with a program that %s while it computes', async (_, end) => {
  const folder = mkdtempSync(join(tmpdir(), 'process-end-'))
  const file = join(folder, 'pid')
  const find = `require(${JSON.stringify(join(dirname(library), 'components/executors/graph/session-host.js'))}).sessionHost`
  await endOf(`
    const write = () => require('node:fs').writeFileSync(${JSON.stringify(file)}, String(${find}.running.pid))
    pipe.loadComponents({ executor: 'graph' }).then(() => {
      // One step takes minutes.
      const inputs = { prompt: 'pizza', numInferenceSteps: 50, height: 1536, width: 1536 }
      const onEvent = ({ type, block }) => { if (type === 'blockStart') setTimeout(() => { write(); ${end} }, 1500) }
      return pipe(inputs, { onEvent })
    })`)
  await untilEnded(Number(readFileSync(file, 'utf8')))
  rmSync(folder, { recursive: true })
})
