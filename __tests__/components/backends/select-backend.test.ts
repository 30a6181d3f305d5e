/** Which backend is chosen, and the warnings about those that are not. */
import * as tf from '@tensorflow/tfjs'
import { BackendUnavailableError } from '../../../components/backends/backend-unavailable-error'
import { cpuLoader } from '../../../components/backends/cpu-loader'
import { InvalidThreadCountError } from '../../../components/backends/invalid-thread-count-error'
import { BackendSelector, backendLoaders, selectBackend } from '../../../components/backends/select-backend'
import { GraphExecutor } from '../../../components/executors/graph/graph-executor'
import { useEnvironment } from '../executors/environment'
import { failingLoader, workingLoader, wrongLoader } from './fake-loaders'

let tensors: number

useEnvironment('TESSERAE_BACKEND', 'TESSERAE_THREADS')

beforeEach(async () => {
  await cpuLoader.load({})
  await tf.setBackend('cpu')
  tensors = tf.memory().numTensors
})

afterEach(() => {
  expect(tf.memory().numTensors).toBe(tensors)
})

describe('selectBackend', () => {
  test('finds a backend that works on this machine', async () => {
    const { name, tried } = await selectBackend()
    expect(tried.at(-1)).toMatchObject({ name, ok: true })
    for (const { ok, reason } of tried.slice(0, -1))
      expect({ ok, reason }).toEqual({ ok: false, reason: expect.stringMatching(/\.$/) })
    expect(tf.getBackend()).not.toBe('cpu')
  })

  test('knows the backends in the order of their speed', () => {
    expect(backendLoaders.map(({ name }) => name)).toEqual(['node-gpu', 'node', 'webgpu', 'wasm', 'cpu'])
  })
})

describe('BackendSelector', () => {
  test('takes the first that works and keeps the reasons of those before', async () => {
    const last = workingLoader('cpu')
    const selector = new BackendSelector([
      failingLoader('node-gpu', 'No library'),
      wrongLoader('node', 'BatchMatMul'),
      workingLoader('wasm'),
      last,
    ])
    const selection = await selector.select()
    expect(selection).toEqual({
      name: 'wasm',
      device: 'fake wasm',
      version: '1',
      tried: [
        { name: 'node-gpu', ok: false, reason: 'No library.', ms: expect.any(Number) },
        {
          name: 'node',
          ok: false,
          reason: 'It computes wrong results: matMul gives 0 instead of 22.',
          ms: expect.any(Number),
        },
        { name: 'wasm', ok: true, ms: expect.any(Number) },
      ],
    })
    expect(tf.getBackend()).toBe('fake-wasm')
    expect(last.loads).toBe(0)
  })

  test.each(['BatchMatMul', 'Softmax', 'Conv2D'])('skips a backend whose %s is wrong', async kernel => {
    const selector = new BackendSelector([wrongLoader('node-gpu', kernel), workingLoader('cpu')])
    expect((await selector.select()).name).toBe('cpu')
  })

  test('skips a backend with a caveat, unless it is asked for by name', async () => {
    const selector = new BackendSelector([workingLoader('webgpu', 'It is slow.'), workingLoader('cpu')])
    expect((await selector.select()).tried[0]).toMatchObject({ name: 'webgpu', ok: false, reason: 'It is slow.' })
    expect(await selector.select({ backend: 'webgpu' })).toMatchObject({ name: 'webgpu', caveat: 'It is slow.' })
  })

  test('takes what TESSERAE_BACKEND names, and what the option names before that', async () => {
    process.env.TESSERAE_BACKEND = 'cpu'
    const loaders = () => [workingLoader('node'), workingLoader('wasm'), workingLoader('cpu')]
    expect((await new BackendSelector(loaders()).select()).name).toBe('cpu')
    expect((await new BackendSelector(loaders()).select({ backend: 'wasm' })).name).toBe('wasm')
    expect((await new BackendSelector(loaders()).select({ backend: 'auto' })).name).toBe('node')
  })

  test('keeps the backend in use until another is named', async () => {
    const wasm = workingLoader('wasm')
    const selector = new BackendSelector([wasm, workingLoader('cpu')])
    const named = await selector.select({ backend: 'cpu' })
    expect(await selector.select()).toBe(named)
    expect(await selector.select({ backend: 'auto' })).toBe(named)
    expect(wasm.loads).toBe(0)
    await selector.select({ backend: 'wasm' })
    await selector.select({ backend: 'cpu' })
    await selector.select({ backend: 'wasm' })
    expect(wasm.loads).toBe(1)
    expect(tf.getBackend()).toBe('fake-wasm')
  })

  test('serves calls at once one after the other', async () => {
    const wasm = workingLoader('wasm')
    const broken = failingLoader('node', 'broken')
    const selector = new BackendSelector([broken, wasm, workingLoader('cpu')])
    const results = await Promise.all([
      selector.select(),
      selector.select(),
      selector.select({ backend: 'cpu' }),
      selector.select({ backend: 'node' }).catch((error: unknown) => error),
      selector.select({ backend: 'wasm' }),
    ])
    expect(results.map(result => (result instanceof Error ? result.name : (result as { name: string }).name))).toEqual([
      'wasm',
      'wasm',
      'cpu',
      'BackendUnavailableError',
      'wasm',
    ])
    expect([wasm.loads, broken.loads]).toEqual([1, 1])
    expect(tf.getBackend()).toBe('fake-wasm')
  })

  test('refuses a backend that does not work, names those that do, and stays where it was', async () => {
    const selector = new BackendSelector([
      failingLoader('node-gpu', 'No CUDA'),
      wrongLoader('wasm', 'Conv2D'),
      workingLoader('cpu'),
    ])
    await selector.select({ backend: 'cpu' })
    const error: unknown = await selector.select({ backend: 'node-gpu' }).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(BackendUnavailableError)
    expect(error).toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      backend: 'node-gpu',
      reason: 'No CUDA.',
      available: ['cpu'],
      message: 'The backend "node-gpu" (option backend) cannot be used: No CUDA. Available here: "cpu".',
    })
    expect(tf.getBackend()).toBe('fake-cpu')
  })

  test('refuses a name that there is not, and guesses what was meant', async () => {
    process.env.TESSERAE_BACKEND = 'wsam'
    const selector = new BackendSelector([workingLoader('wasm'), workingLoader('cpu')])
    await expect(selector.select()).rejects.toThrow(
      'The backend "wsam" (TESSERAE_BACKEND) cannot be used: There is no backend of that name; did you mean "wasm"? ' +
        'Available here: "wasm" and "cpu".',
    )
  })

  test('says why nothing works', async () => {
    const selector = new BackendSelector([failingLoader('wasm', 'No wasm'), wrongLoader('cpu', 'Softmax')])
    await expect(selector.select()).rejects.toThrow(
      /wasm: No wasm\. cpu: It computes wrong results: softmax.*Available here: none/,
    )
  })

  test('tells its loaders how many threads to use', async () => {
    const loader = workingLoader('wasm')
    const load = jest.spyOn(loader, 'load')
    await new BackendSelector([loader]).select({ threads: 3 })
    expect(load).toHaveBeenCalledWith({ threads: 3 })
  })

  test('takes the threads that TESSERAE_THREADS says, and those of the option before that', async () => {
    process.env.TESSERAE_THREADS = '2'
    const loaders = [workingLoader('wasm'), workingLoader('wasm')] as const
    const loads = loaders.map(loader => jest.spyOn(loader, 'load'))
    await new BackendSelector([loaders[0]]).select()
    await new BackendSelector([loaders[1]]).select({ threads: 3 })
    expect(loads.map(({ mock }) => mock.calls)).toEqual([[[{ threads: 2 }]], [[{ threads: 3 }]]])
  })

  test.each(['0', '-1', '1.5', 'two'])('refuses %j in TESSERAE_THREADS', async text => {
    process.env.TESSERAE_THREADS = text
    const message = `The environment variable TESSERAE_THREADS must be a whole number of at least 1, but is ${text}.`
    await expect(new BackendSelector([workingLoader('cpu')]).select()).rejects.toThrow(message)
    expect(() => new GraphExecutor()).toThrow(message)
  })

  test.each([0, -1, 1.5, Number.NaN])('refuses %p threads', async threads => {
    const selecting = new BackendSelector([workingLoader('cpu')]).select({ threads })
    await expect(selecting).rejects.toThrow(InvalidThreadCountError)
  })
})
