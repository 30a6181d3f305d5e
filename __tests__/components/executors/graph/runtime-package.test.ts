import { mkdtemp, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runtimeProblem } from '../../../../components/executors/graph/runtime-package'
import { optionalDependencies } from '../../../../package.json'
import { runScript } from '../run-script'

/** Hides onnxruntime-node from a process, as it is where its installation failed. */
const WITHOUT_RUNTIME = `
  const { Module } = require('node:module')
  const resolve = Module._resolveFilename
  Module._resolveFilename = function (request, ...rest) {
    if (!request.startsWith('onnxruntime-node')) return resolve.call(this, request, ...rest)
    throw Object.assign(new Error('Cannot find module ' + request), { code: 'MODULE_NOT_FOUND' })
  }
  const warnings = []
  process.on('warning', ({ code, message }) => warnings.push(code + ': ' + message))`

test('the runtime is there after an ordinary installation', () => {
  expect(runtimeProblem()).toBeUndefined()
})

test('the runtime is found where the folder of the process was removed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'removed'))
  const here = process.cwd()
  process.chdir(folder)
  await rmdir(folder)
  try {
    expect(runtimeProblem()).toBeUndefined()
  } finally {
    process.chdir(here)
  }
})

describe('Without onnxruntime-node', () => {
  test('a pipeline draws kernel by kernel, and one warning says how to install it', async () => {
    const { width, warnings } = await runScript<{ width: number; warnings: string[] }>(`${WITHOUT_RUNTIME}
      const pipe = new tesserae.StableDiffusionTextToImageBlocks().initPipeline('models/emoji')
      await pipe.loadComponents()
      let width
      for (const seed of [1, 2]) {
        const images = await pipe({ prompt: 'red apple', numInferenceSteps: 1 }, { output: 'images', seed })
        width = images[0].width
      }
      return { width, warnings }`)
    expect(width).toBe(64)
    expect(warnings).toEqual([
      'RUNTIME_UNAVAILABLE: Models run on TensorFlow.js without graphs, which is slower: The package onnxruntime-node is not installed. ' +
        `Set ONNXRUNTIME_NODE_INSTALL=skip in the environment and run npm install onnxruntime-node@${optionalDependencies['onnxruntime-node']}.`,
    ])
  })

  test.each([
    ['an executor asked for by name', `tesserae.selectExecutor({ executor: 'graph' })`],
    ['a provider asked for by name', `tesserae.selectExecutor({ provider: 'webgpu' })`],
    ['an executor made by hand', 'new tesserae.GraphExecutor()'],
  ])('%s is refused', async (_, ask) => {
    const failure = await runScript(`${WITHOUT_RUNTIME}
      try { await ${ask} } catch ({ code, message }) { return { code, message } }`)
    expect(failure).toEqual({
      code: 'RUNTIME_UNAVAILABLE',
      message: expect.stringMatching(
        /cannot run as graphs: The package onnxruntime-node is not installed.*npm install/,
      ),
    })
  })
})
