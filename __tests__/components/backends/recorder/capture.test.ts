import * as tf from '@tensorflow/tfjs'
import { capture, OutputSlot } from '../../../../components/backends/recorder/capture'
import { type Graph, leavesOf } from '../../../../components/backends/recorder/graph'
import { RecordedValueError, UnsupportedKernelError } from '../../../../components/backends/recorder/recording-errors'
import { TensorPlaceholder } from '../../../../components/backends/recorder/tensor-tree'
import { Linear } from '../../../../components/nn/linear'
import { Module } from '../../../../components/nn/module'
import { useBackend } from '../../models/use-backend'

useBackend('cpu')

/** A part of a model that computes what a test says. */
class Part extends Module {
  constructor(readonly forward: (x: tf.Tensor2D) => tf.Tensor) {
    super()
  }
}

/** A layer behind a part, whose result is added to the input. */
class Model extends Module {
  readonly projIn = new Linear(3, 3)
  readonly blocks: readonly Part[]

  constructor(part: (x: tf.Tensor2D) => tf.Tensor = x => tf.relu(x)) {
    super()
    this.blocks = [new Part(part)]
  }

  forward({ sample }: { sample: tf.Tensor2D }): { state: tf.Tensor } {
    return { state: tf.add(sample, (this.blocks[0] as Part).forward(this.projIn.forward(sample))) }
  }
}

const sample = new TensorPlaceholder([2, 3]) as unknown as tf.Tensor2D
const record = (model = new Model()) => capture(model, { sample }, inputs => model.forward(inputs))
const kernelsOf = ({ nodes }: Graph) => nodes.map(({ kernel, layer }) => `${layer}/${kernel}`)

/** What recording such a part throws. */
function failureOf(part: (x: tf.Tensor2D) => tf.Tensor): unknown {
  try {
    record(new Model(part))
  } catch (error) {
    return error
  }
  throw new Error('No error.')
}

describe('capture()', () => {
  test('writes down the kernels in the order in which they run, with their layers', () => {
    const { graph } = record()
    expect(graph.model).toBe('Model')
    // TensorFlow.js puts reshapes around its products.
    const kernels = kernelsOf(graph).filter(kernel => kernel !== 'proj_in/Reshape')
    expect(kernels).toEqual(['proj_in/Transpose', 'proj_in/_FusedMatMul', 'blocks.0/Relu', '/Add'])
  })

  test('tells inputs, weights and constants apart', () => {
    const { graph } = record(new Model(x => tf.mul(x, tf.tensor1d([1, 2, 3]))))
    const origins = leavesOf(graph).map(({ origin, shape }) =>
      origin.kind === 'constant'
        ? [...origin.values]
        : [origin.kind, origin.kind === 'node' ? '' : origin.name, ...shape],
    )
    expect(origins.sort()).toEqual([
      [1, 2, 3],
      ['input', 'sample', 2, 3],
      ['parameter', 'proj_in.bias', 3],
      ['parameter', 'proj_in.weight', 3, 3],
    ])
    expect(graph.inputs.map(({ name }) => name)).toEqual(['sample'])
    expect(graph.outputs.map(({ name, value }) => ({ name, shape: value.shape }))).toEqual([
      { name: 'state', shape: [2, 3] },
    ])
  })

  test('takes a tensor from before for a constant', () => {
    const table = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3])
    const { graph } = record(new Model(x => tf.mul(x, table)))
    const constants = leavesOf(graph).flatMap(({ origin }) => (origin.kind === 'constant' ? [[...origin.values]] : []))
    expect(constants).toEqual([[1, 2, 3, 4, 5, 6]])
    expect(table.isDisposed).toBe(false)
    table.dispose()
  })

  test('keeps the values of a constant that the model overwrites', () => {
    const values = Float32Array.of(1, 2, 3)
    const part = (x: tf.Tensor2D) => {
      const y = tf.mul(x, tf.tensor1d(values))
      values.fill(0)
      return y
    }
    const constants = leavesOf(record(new Model(part)).graph).flatMap(({ origin }) =>
      origin.kind === 'constant' ? [[...origin.values]] : [],
    )
    expect(constants).toEqual([[1, 2, 3]])
  })

  test('has a weight once, however often it is used', () => {
    const model = new Model()
    const { graph } = capture(model, { sample }, ({ sample }) => model.projIn.forward(model.projIn.forward(sample)))
    const names = leavesOf(graph).flatMap(({ origin }) => (origin.kind === 'parameter' ? [origin.name] : []))
    expect(names.sort()).toEqual(['proj_in.bias', 'proj_in.weight'])
  })

  test('leaves out what nothing uses', () => {
    const part = (x: tf.Tensor2D) => {
      tf.exp(tf.sin(x))
      return tf.split(tf.relu(x), [1, 2], 1)[0] as tf.Tensor
    }
    const { graph } = record(new Model(part))
    expect(kernelsOf(graph).slice(-3)).toEqual(['blocks.0/Relu', 'blocks.0/SplitV', '/Add'])
    expect(graph.nodes.flatMap(({ kernel }) => (kernel === 'Sin' || kernel === 'Exp' ? kernel : []))).toEqual([])
  })

  test('returns the result as the model has it, with a slot for each tensor', () => {
    const { graph, result } = capture(new Model(), { sample, times: 2 }, ({ sample, times }) => ({
      many: [tf.mul(sample, times), tf.neg(sample)],
      times,
      nothing: undefined,
    }))
    expect(result).toEqual({ many: [new OutputSlot(0), new OutputSlot(1)], times: 2, nothing: undefined })
    expect(graph.outputs.map(({ name }) => name)).toEqual(['many.0', 'many.1'])
  })

  test('takes tensors for placeholders of their shape', () => {
    const x = tf.ones<tf.Rank.R2>([2, 3])
    const read = jest.spyOn(tf.Tensor.prototype, 'dataSync')
    const y = tf.zeros([4], 'int32')
    const { graph } = capture(new Model(), { sample: x, ids: y }, ({ sample, ids }) => [
      tf.add(sample, 1),
      tf.cast(ids, 'bool'),
    ])
    expect(graph.inputs.map(({ name, value: { shape, dtype } }) => ({ name, shape, dtype }))).toEqual([
      { name: 'ids', shape: [4], dtype: 'int32' },
      { name: 'sample', shape: [2, 3], dtype: 'float32' },
    ])
    expect(read).not.toHaveBeenCalled()
    tf.dispose([x, y])
  })

  test('needs no weight to be loaded, and reads none', () => {
    const model = new Model()
    const reads = jest.spyOn(model.projIn.weight, 'read')
    record(model)
    expect(model.projIn.weight.isLoaded).toBe(false)
    expect(reads).not.toHaveBeenCalled()
  })

  test('leaves the backend, the forwards and the tensors as they were', () => {
    const model = new Model()
    const before = tf.memory().numTensors
    record(model)
    expect(tf.getBackend()).toBe('cpu')
    expect(Object.hasOwn(model.projIn, 'forward')).toBe(false)
    expect(tf.memory().numTensors).toBe(before)
    expect(tf.tidy(() => [...tf.add(tf.ones([1]), 1).dataSync()])).toEqual([2])
  })

  test('throws what the model throws, and leaves everything as it was', () => {
    const before = tf.memory().numTensors
    const problem = new RangeError('no such shape')
    const error = failureOf(x => {
      tf.relu(x)
      throw problem
    })
    expect(error).toBe(problem)
    expect(tf.getBackend()).toBe('cpu')
    expect(tf.memory().numTensors).toBe(before)
  })
})

describe('a layer that asks for values', () => {
  test.each<[string, (x: tf.Tensor2D) => unknown]>([
    ['dataSync()', x => x.dataSync()],
    ['arraySync()', x => x.arraySync()],
    ['bufferSync()', x => x.bufferSync()],
    ['print()', x => x.print()],
  ])('with %s is refused by its name', (_, read) => {
    const error = failureOf(x => {
      read(tf.relu(x))
      return x
    })
    expect(error).toBeInstanceOf(RecordedValueError)
    expect(error).toMatchObject({ code: 'RECORDED_VALUE', layer: 'blocks.0' })
    expect((error as Error).message).toContain('the layer blocks.0 of Model asked for the values of a tensor')
    expect((error as Error).message).toContain("executor 'eager'")
    expect(tf.getBackend()).toBe('cpu')
  })

  test('may wait for them, which fails', async () => {
    let reading: Promise<unknown> = Promise.resolve()
    record(
      new Model(x => {
        reading = x.data().catch((error: unknown) => error)
        return x
      }),
    )
    expect(await reading).toBeInstanceOf(RecordedValueError)
  })
})

describe('a kernel that a graph cannot hold', () => {
  test('is refused with its name and the name of the layer', () => {
    const error = failureOf(x => tf.topk(x, 1).values)
    expect(error).toBeInstanceOf(UnsupportedKernelError)
    expect(error).toMatchObject({ code: 'UNSUPPORTED_KERNEL', kernel: 'TopK', layer: 'blocks.0' })
    expect((error as Error).message).toContain('The kernel TopK, which the layer blocks.0 of Model runs,')
    expect((error as Error).message).toContain("executor 'eager'")
    expect(tf.getBackend()).toBe('cpu')
  })

  test.each([
    ['has batchDims', (x: tf.Tensor) => tf.gather(x.reshape([1, -1]), tf.tensor2d([[0]], [1, 1], 'int32'), 1, 1)],
    [
      'has the data format NCHW',
      (x: tf.Tensor) =>
        tf.conv2d(x.reshape<tf.Tensor4D>([1, 1, -1, 1]), tf.ones<tf.Rank.R4>([1, 1, 1, 1]), 1, 'same', 'NCHW'),
    ],
  ])('may be a form of one that others can hold: it %s', (reason, compute) => {
    const error = failureOf(compute as (x: tf.Tensor) => tf.Tensor)
    expect(error).toBeInstanceOf(UnsupportedKernelError)
    expect((error as Error).message).toContain(reason)
  })

  test('may be one that makes texts', () => {
    expect(
      failureOf(x => {
        tf.tensor1d(['a', 'b'])
        return x
      }),
    ).toMatchObject({ kernel: 'Constant', layer: 'blocks.0' })
  })
})
