import { readdirSync, truncateSync } from 'node:fs'
import { readFile, rename, rm, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, posix, win32 } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { SideFile } from '../../../../components/backends/onnx/side-file'
import type { WeightDType } from '../../../../components/checkpoints/checkpoint'
import { openCheckpoint } from '../../../../components/checkpoints/open-checkpoint'
import { writeSafetensors } from '../../../../components/checkpoints/write-safetensors'
import { WeightDrivesError, WeightFileChangedError } from '../../../../components/executors/graph/graph-errors'
import { RuntimeProcess } from '../../../../components/executors/graph/runtime-process'
import { sessionHost } from '../../../../components/executors/graph/session-host'
import { inlineLimit } from '../../../../components/executors/graph/spilled-weights'
import { commonFolder } from '../../../../components/executors/graph/weight-files'
import { Embedding } from '../../../../components/nn/embedding'
import { Linear } from '../../../../components/nn/linear'
import { loadStateDict } from '../../../../components/nn/load-state-dict'
import { failureOf } from '../../../blocks/use-emoji-model'
import { openFilesIn } from '../../checkpoints/open-files'
import { useTemporaryFolder } from '../../checkpoints/temporary-folder'
import { FunctionModel, loadSomeWeights, makeDoubling, takeCall } from '../function-model'
import { useGraphExecutor } from '../use-graph-executor'

const executor = useGraphExecutor()
const folder = useTemporaryFolder()
const file = () => join(folder(), 'model.safetensors')

// Numbers that every type of floats can hold.
const numbers = [1, -0.5, 0.25, 2, 0, -3]

/** The bits of numbers in a type of floats. */
function encode(dtype: WeightDType, values: readonly number[]): ArrayBufferView {
  if (dtype === 'F64') return Float64Array.from(values)
  const singles = Float32Array.from(values)
  if (dtype === 'F32') return singles
  const bits = [...new Uint32Array(singles.buffer)]
  if (dtype === 'BF16') return Uint16Array.from(bits, one => one >>> 16)
  // The exponent is counted from 15, not from 127.
  return Uint16Array.from(bits, one =>
    one === 0 ? 0 : ((one >>> 16) & 0x8000) | (((one >>> 13) - (112 << 10)) & 0x7fff),
  )
}

/** A linear layer without bias that takes its weight from a file. */
async function load(): Promise<FunctionModel<{ x: tf.Tensor }, tf.Tensor> & { linear: Linear }> {
  const linear = new Linear(3, 2, { bias: false })
  const checkpoint = await openCheckpoint(folder(), { weightsName: 'model' })
  await loadStateDict(linear, checkpoint, { lazy: true })
  await checkpoint.close()
  const model = new FunctionModel(({ x }: { x: tf.Tensor }) => linear.forward(x), [linear])
  return Object.assign(model.useExecutor(executor()), { linear })
}

const write = (dtype: WeightDType = 'F32', values: readonly number[] = numbers) =>
  writeSafetensors(file(), { weight: { dtype, shape: [2, 3], data: encode(dtype, values) } })

describe('weights in files', () => {
  test.each(['F32', 'F16', 'BF16', 'F64'] as const)(
    'of the type %s are computed with as they are there',
    async dtype => {
      await write(dtype)
      const model = await load()
      const tensors = tf.memory().numTensors
      expect(await takeCall(model, [1, 2, 4])).toEqual([1, -10])
      expect(tf.memory().numTensors).toBe(tensors)
      expect(model.linear.weight.source).toMatchObject({ file: file(), dtype })
      model.dispose()
    },
  )

  test('are found behind a link', async () => {
    await write()
    await rename(file(), join(folder(), 'blob'))
    await symlink('blob', file())
    const model = await load()
    expect(await takeCall(model, [1, 2, 4])).toEqual([1, -10])
    model.dispose()
  })

  test('stay open for as long as the model is there', async () => {
    await write()
    const model = await load()
    await takeCall(model, [1, 2, 4])
    model.dispose()
    // The thread releases one session before it makes the next.
    const next = await load()
    await takeCall(next, [1, 2, 4])
    next.dispose()
    expect(openFilesIn(folder())).toEqual([])
  })

  /** What may happen to a file between two calls. */
  const changes: [string, () => Promise<unknown>, RegExp][] = [
    [
      'has become shorter',
      async () => truncate(file(), (await stat(file())).size - 4),
      /had \d+ bytes and has \d+ now/,
    ],
    ['has become longer', async () => writeFile(file(), '!', { flag: 'a' }), /had \d+ bytes and has \d+ now/],
    ['was written anew', () => write('F32', numbers.toReversed()), /was written to since/],
    ['was touched', () => utimes(file(), 1, 1), /was written to since/],
    ['is gone', () => rm(file()), /cannot be read any more: ENOENT/],
  ]

  test.each(changes)('are refused once their file %s', async (_, change, message) => {
    await write()
    const model = await load()
    expect(await takeCall(model, [1, 2, 4])).toEqual([1, -10])
    await change()
    const error = await failureOf(takeCall(model, [1, 2, 4]))
    expect(error).toBeInstanceOf(WeightFileChangedError)
    expect(error).toMatchObject({ code: 'WEIGHT_FILE_CHANGED', model: 'FunctionModel', file: file() })
    expect((error as Error).message).toMatch(message)
    expect((error as Error).message).toContain('Load the model again.')
    model.dispose()
    await write()
    const again = await load()
    expect(await takeCall(again, [1, 2, 4])).toEqual([1, -10])
    again.dispose()
  })

  test('are refused for a call of another form once their file was written again', async () => {
    await write()
    const model = await load()
    expect(await takeCall(model, [1, 2, 4])).toEqual([1, -10])
    await write('F32', numbers.toReversed())
    const x = tf.ones<tf.Rank.R2>([2, 3])
    const error = await failureOf(model.call({ x }).then(y => y.dispose())).finally(() => x.dispose())
    model.dispose()
    expect(error).toBeInstanceOf(WeightFileChangedError)
  })

  test('that are cut off while they are computed with give an error, and no signal', async () => {
    const size = 1024
    await writeSafetensors(file(), {
      weight: { dtype: 'F32', shape: [size, size], data: new Float32Array(size * size).fill(1) },
    })
    const table = new Embedding(size, size)
    const checkpoint = await openCheckpoint(folder(), { weightsName: 'model' })
    await loadStateDict(table, checkpoint, { lazy: true })
    await checkpoint.close()
    const model = new FunctionModel(
      ({ x }: { x: tf.Tensor2D }) => {
        let y = x
        for (let i = 0; i < 40; i++) y = tf.matMul(y, x).mul<tf.Tensor2D>(0)
        // The runtime reads the table from the file now.
        return y.add(table.forward<tf.Tensor2D>(y.sum(1).toInt()))
      },
      [table],
    ).useExecutor(executor())
    const x = tf.ones<tf.Rank.R2>([size, size])
    const { run } = RuntimeProcess.prototype
    const running = jest.spyOn(RuntimeProcess.prototype, 'run').mockImplementation(function (
      this: RuntimeProcess,
      ...given
    ) {
      const computed = run.apply(this, given)
      truncateSync(file(), 8)
      return computed
    })
    const error = await failureOf(model.call({ x }))
    running.mockRestore()
    expect(error).toBeInstanceOf(WeightFileChangedError)
    expect((error as Error).message).toMatch(/had \d+ bytes and has 8 now/)
    // The process that computes is alive, or another has replaced it.
    const other = makeDoubling().useExecutor(executor())
    expect(await takeCall(other, [4])).toEqual([8])
    x.dispose()
    model.dispose()
    table.dispose()
    other.dispose()
  })

  test('are refused if their file was cut off before the first call', async () => {
    await write()
    const model = await load()
    await writeFile(file(), (await readFile(file())).subarray(0, -1))
    const error = await failureOf(takeCall(model, [1, 2, 4]))
    expect(error).toBeInstanceOf(WeightFileChangedError)
    expect((error as Error).message).toMatch(/had \d+ bytes and has \d+ now/)
    expect(executor().sessionCount).toBe(0)
  })
})

describe('the folder of several files', () => {
  test.each([
    [posix, ['/a/b/x', '/a/b/c/y', '/a/bc/z'], '/a'],
    [posix, ['/a/x', '/b/y'], '/'],
    [posix, ['/a/b/x'], '/a/b'],
    [posix, [], ''],
    [win32, ['C:\\a\\b\\x', 'C:\\a\\c\\y'], 'C:\\a'],
    [win32, ['C:\\a\\x', 'C:\\b\\y'], 'C:\\'],
    [win32, ['C:\\a\\x', 'D:\\a\\y'], undefined],
    [win32, ['\\\\server\\share\\a\\x', 'C:\\a\\y'], undefined],
  ])('is the deepest one, if there is one', (system, files, expected) => {
    expect(commonFolder(files, system)).toBe(expected)
  })

  test('on several drives is refused by name', () => {
    const error = new WeightDrivesError('Model', ['C:\\x', 'D:\\y'])
    expect(error).toMatchObject({ code: 'WEIGHT_DRIVES', files: ['C:\\x', 'D:\\y'] })
    expect(error.message).toContain('"C:\\x"')
  })
})

describe('weights in memory', () => {
  test('are a part of the graph', async () => {
    const linear = loadSomeWeights(new Linear(3, 2))
    const model = new FunctionModel(({ x }: { x: tf.Tensor }) => linear.forward(x), [linear])
    const expected = await takeCall(model, [1, 2, 4])
    const computed = await takeCall(model.useExecutor(executor()), [1, 2, 4])
    for (const [i, value] of computed.entries()) expect(value).toBeCloseTo(expected[i] as number, 5)
    model.dispose()
  })

  describe('that are too large for the graph', () => {
    const left = () => readdirSync(tmpdir()).filter(name => name.startsWith('tesserae-weights-'))
    let before: string[]
    beforeEach(() => {
      before = left()
      jest.replaceProperty(inlineLimit, 'bytes', 1000)
    })
    // Sessions of other processes may have files of their own there.
    afterEach(() => expect(left().filter(name => !before.includes(name))).toEqual([]))

    test('are read from a temporary file, beside those of files', async () => {
      await write()
      const model = await load()
      const large = loadSomeWeights(new Linear(2, 400))
      const compute = ({ x }: { x: tf.Tensor }) => tf.tidy(() => large.forward(model.linear.forward(x)))
      const both = new FunctionModel(compute, [model.linear, large])
      const expected = await takeCall(both, [1, 2, 4])
      model.linear.weight.offload()
      const create = jest.spyOn(RuntimeProcess.prototype, 'create')
      const computed = await takeCall(both.useExecutor(executor()), [1, 2, 4])
      for (const [i, value] of computed.entries()) expect(value).toBeCloseTo(expected[i] as number, 4)
      // The weights take 4800 bytes.
      expect(create.mock.calls.map(([, graph]) => graph.byteLength < 3000)).toEqual([true])
      // The file is gone, and what was read from it stays.
      expect(await takeCall(both, [1, 2, 4])).toEqual(computed)
      expect(create).toHaveBeenCalledTimes(1)
      both.dispose()
    })

    test('are written again for a process in the place of one that ended', async () => {
      const large = loadSomeWeights(new Linear(3, 300))
      const model = new FunctionModel(({ x }: { x: tf.Tensor }) => large.forward(x), [large]).useExecutor(executor())
      const first = await takeCall(model, [1, 2, 4])
      const runtime = await sessionHost.ready()
      process.kill(runtime.pid as number, 'SIGKILL')
      await runtime.ended
      expect(await takeCall(model, [1, 2, 4])).toEqual(first)
      model.dispose()
    })

    test('leave no file where it cannot be written, and say so', async () => {
      const large = loadSomeWeights(new Linear(3, 300))
      const model = new FunctionModel(({ x }: { x: tf.Tensor }) => large.forward(x), [large]).useExecutor(executor())
      const full = Object.assign(new Error('no space left'), { code: 'ENOSPC', syscall: 'write' })
      jest.spyOn(SideFile.prototype, 'bytes').mockImplementation(async function* () {
        yield await Promise.reject(full)
      })
      const error = await failureOf(takeCall(model, [1, 2, 4]))
      expect(error).toMatchObject({ code: 'UNWRITABLE_FILE', reason: 'no-space' })
      expect(executor().sessionCount).toBe(0)
      model.dispose()
    })
  })

  test('are computed with when they come in the place of others', async () => {
    const linear = loadSomeWeights(new Linear(2, 1, { bias: false }))
    const model = new FunctionModel(({ x }: { x: tf.Tensor }) => linear.forward(x), [linear]).useExecutor(executor())
    await takeCall(model, [1, 2])
    linear.weight.load(Float32Array.of(10, 1))
    expect(await takeCall(model, [1, 2])).toEqual([12])
    model.dispose()
  })
})
