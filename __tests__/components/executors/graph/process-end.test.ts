/** Processes that end while the runtime loads, makes a session or computes. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'

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
