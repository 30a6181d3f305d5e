/** What can be seen only in a process of its own: its end, its output, its death. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { isInstalled } from '../../../components/backends/optional-package'
import type * as Probing from '../../../components/backends/probe-backends'
import { type BuiltBackends, buildBackends } from './built-backends'

let built: BuiltBackends
let probeBackends: typeof Probing.probeBackends

beforeAll(() => {
  built = buildBackends()
  probeBackends = (require(built.module('probe-backends')) as typeof Probing).probeBackends
})
afterAll(() => built.remove())

/** Output of a program that selects a backend and then runs `then`, with `selection` and `tf` in sight. */
async function run(options: object, then: string): Promise<{ stdout: string; stderr: string }> {
  const program = `
    const tf = require('@tensorflow/tfjs')
    const { selectBackend } = require(${JSON.stringify(built.module('select-backend'))})
    selectBackend(${JSON.stringify(options)}).then(selection => { ${then} })`
  return promisify(execFile)(process.execPath, ['-e', program], { cwd: built.module('.'), timeout: 50_000 })
}

const CONVOLUTION = 'const y = tf.conv2d(tf.ones([1, 64, 64, 64]), tf.ones([3, 3, 64, 64]), 1, "same"); y.dataSync();'

describe('a program', () => {
  test('that computed with threads ends by itself, and says only what it says', async () => {
    const { stdout, stderr } = await run(
      { backend: 'wasm', threads: 4 },
      `${CONVOLUTION} console.log(selection.device)`,
    )
    expect({ stdout, stderr }).toEqual({ stdout: 'CPU, 4 threads\n', stderr: '' })
  })

  test('that throws after it computed with threads dies of its own error', async () => {
    const running = run({ backend: 'wasm', threads: 2 }, `${CONVOLUTION} throw new TypeError('mine')`)
    await expect(running).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('TypeError: mine') })
  })

  test('hears nothing of the cpu backend either', async () => {
    const { stdout, stderr } = await run({ backend: 'cpu' }, 'tf.ones([2]).dataSync(); console.log(selection.name)')
    expect({ stdout, stderr }).toEqual({ stdout: 'cpu\n', stderr: '' })
  })
})

describe('probeBackends', () => {
  test('tells what works, and how fast', async () => {
    const [wasm, cpu] = await probeBackends({ backends: ['wasm', 'cpu'] })
    for (const probe of [wasm, cpu]) expect(probe).toMatchObject({ works: true, ms: expect.any(Number), log: '' })
    expect(wasm?.gflops).toBeGreaterThan(cpu?.gflops ?? 0)
    expect(wasm?.device).toMatch(/^CPU, \d threads?$/)
  })

  test('survives packages that crash, hang or throw', async () => {
    built.addPackage('@tensorflow/tfjs-node-gpu', 'process.abort()')
    built.addPackage(
      '@tensorflow/tfjs-node',
      `console.warn('hello')
      process.emitWarning('old', 'DeprecationWarning')
      process.stderr.write('no libcudart')
      throw new Error('cannot open\\n  lib')`,
    )
    built.addPackage('@tensorflow/tfjs-backend-wasm', 'for (;;);')
    const probes = await probeBackends({ backends: ['node-gpu', 'node', 'cpu'] })
    expect(probes).toEqual([
      { name: 'node-gpu', works: false, reason: 'Its process died (SIGABRT).', log: expect.any(String) },
      { name: 'node', works: false, reason: 'cannot open lib.', log: 'no libcudart' },
      expect.objectContaining({ name: 'cpu', works: true }),
    ])
    const [hanging] = await probeBackends({ backends: ['wasm'], timeoutMs: 2000 })
    expect(hanging).toEqual({ name: 'wasm', works: false, reason: 'It gave no answer within 2 s.', log: '' })
  })
})

const gpuPackage = '@tensorflow/tfjs-node-gpu'
const testGpu = isInstalled(gpuPackage) ? test : test.skip
testGpu(`node-gpu works where ${gpuPackage} is installed`, async () => {
  const fresh = buildBackends()
  try {
    const probing = require(fresh.module('probe-backends')) as typeof Probing
    const [probe] = await probing.probeBackends({ backends: ['node-gpu'] })
    expect(probe).toMatchObject({ works: true, device: expect.stringMatching(/^(CUDA GPU|CPU)/) })
  } finally {
    fresh.remove()
  }
})
