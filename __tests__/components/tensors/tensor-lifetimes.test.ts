import * as tf from '@tensorflow/tfjs'
import { connectTensorLifetimes } from '../../../components/tensors/tensor-lifetimes'
import {
  Block,
  type CallOptions,
  type In,
  type InOut,
  Input,
  LoopSequentialPipelineBlocks,
  LoopStep,
  ModularPipelineBlocks,
  type Out,
  Output,
  SequentialPipelineBlocks,
  Step,
} from '../../../index'
import { failureOf, take } from '../../blocks/use-emoji-model'
import { useBackend } from '../models/use-backend'
import { tensorMemory, useLeakCheck } from './use-leak-check'

useBackend('cpu')
useLeakCheck()

@Block({ description: 'Makes a tensor, some others on the way, and a list and a map of tensors.' })
class Make extends ModularPipelineBlocks {
  @Input({ default: 4 }) size!: In<number>
  @Output() x!: Out<tf.Tensor>
  @Output() parts!: Out<{ list: tf.Tensor[]; map: Map<string, tf.Tensor> }>

  run() {
    const all = tf.range(0, this.size).add(1).mul(2)
    this.x = all.div(2)
    this.parts = { list: [all.neg(), all.square()], map: new Map([['first', all.slice(0, 1)]]) }
  }
}

@Block({ description: 'Waits, and overwrites the tensor with another.' })
class Overwrite extends ModularPipelineBlocks {
  @Input() @Output() x!: InOut<tf.Tensor>

  async run() {
    this.x = this.x.add(1)
    await Promise.resolve()
    this.x = this.x.add(1)
    tf.zeros([100])
  }
}

@Block({ description: 'Overwrites the tensor in every iteration, and may fail in one.' })
class Turn extends ModularPipelineBlocks {
  @Input() @Output() x!: InOut<tf.Tensor>
  @Input({ default: -1 }) failAt!: In<number>
  @Output() last!: Out<tf.Tensor>

  @LoopStep()
  step({ i }: { i: number }) {
    this.last = tf.zeros([50])
    this.x = tf.tidy(() => this.x.mul(2).div(2).add(0))
    if (i === this.failAt) throw new Error('as asked')
  }
}

@Block({ description: 'Turns three times.' })
class Turns extends LoopSequentialPipelineBlocks {
  @LoopStep() first = Turn
  @LoopStep() second = Turn

  async run() {
    for (let i = 0; i < 3; i++) await this.loopStep({ i }, { total: 3 })
  }
}

@Block({ description: 'A small pipeline of all kinds of tensors.' })
class Small extends SequentialPipelineBlocks {
  @Step() make = Make
  @Step() overwrite = Overwrite
  @Step() turns = Turns
  @Step() again = Overwrite
}

const pipe = new Small().initPipeline()

/** A signal that fires at the n-th event of a run. */
function abortAt(n: number): CallOptions {
  const stop = new AbortController()
  let events = 0
  return { signal: stop.signal, onEvent: () => void (++events === n && stop.abort()) }
}

async function countEvents(): Promise<number> {
  let events = 0
  await pipe({}, { output: 'size', onEvent: () => void events++ })
  return events
}

describe('tensors of a run', () => {
  test('are all disposed when no result is asked for, in 1,000 runs', async () => {
    const before = tensorMemory()
    for (let i = 0; i < 1000; i++) await pipe({ size: 1 + (i % 7) }, { output: 'size' })
    expect(tensorMemory()).toEqual(before)
  })

  test('are all disposed but those of the result, in 1,000 runs', async () => {
    const before = tensorMemory()
    for (let i = 0; i < 1000; i++) {
      const x = await pipe<tf.Tensor>({}, { output: 'x' })
      expect(tf.memory().numTensors).toBe(before.numTensors + 1)
      x.dispose()
    }
    expect(tensorMemory()).toEqual(before)
  })

  test('are all disposed in 1,000 runs at once', async () => {
    const before = tensorMemory()
    await Promise.all(Array.from({ length: 1000 }, (_, i) => pipe({ size: 1 + (i % 7) }, { output: 'size' })))
    expect(tensorMemory()).toEqual(before)
  })

  test('are all disposed in 1,000 runs that fail', async () => {
    const before = tensorMemory()
    for (let i = 0; i < 1000; i++) {
      const error = await failureOf(pipe({ failAt: i % 3 }))
      expect(error).toMatchObject({ code: 'BLOCK_EXECUTION', path: [`turns[step ${1 + (i % 3)} of 3]`, 'first'] })
    }
    expect(tensorMemory()).toEqual(before)
  })

  test('are all disposed in 1,000 runs that are cancelled, wherever that is', async () => {
    const events = await countEvents()
    expect(events).toBeGreaterThan(20)
    const before = tensorMemory()
    let cancelled = 0
    for (let i = 0; i < 1000; i++) {
      // The last blocks end before they can notice.
      const outcome = await pipe({}, { output: 'size', ...abortAt(1 + (i % (events - 4))) }).catch(
        (error: unknown) => error,
      )
      if ((outcome as { code?: string }).code === 'ABORTED') cancelled++
    }
    expect(cancelled).toBe(1000)
    expect(tensorMemory()).toEqual(before)
  })

  test('outlive it where the result holds them: in lists, maps and objects, or the whole state', async () => {
    const { list, map } = await pipe<{ list: tf.Tensor[]; map: Map<string, tf.Tensor> }>({}, { output: 'parts' })
    expect(list.map(tensor => take(tensor).values)).toEqual([
      [-2, -4, -6, -8],
      [4, 16, 36, 64],
    ])
    expect(take(map.get('first') as tf.Tensor).values).toEqual([2])
    const state = await pipe()
    expect(take(state.get<tf.Tensor>('x')).values).toEqual([5, 6, 7, 8])
    expect(take(state.get<tf.Tensor>('last')).shape).toEqual([50])
    const parts = state.get<{ list: tf.Tensor[]; map: Map<string, tf.Tensor> }>('parts')
    tf.dispose([parts.list, ...parts.map.values()])
  })

  test("are the caller's where the caller made them, however the run ends", async () => {
    const turns = new Turns().initPipeline()
    const x = tf.tensor1d([1, 2])
    const other = await turns<tf.Tensor>({ x }, { output: 'x' })
    expect(take(other).values).toEqual([1, 2])
    await failureOf(turns({ x, failAt: 1 }))
    await failureOf(turns({ x }, { signal: AbortSignal.abort() }))
    expect(x.isDisposed).toBe(false)
    x.dispose()
  })

  test('may be disposed by the block that made them', async () => {
    class Tidy extends ModularPipelineBlocks {
      @Output() sum!: Out<number>

      run() {
        const x = tf.ones([5])
        this.sum = x.dataSync().length
        x.dispose()
      }
    }
    expect(await new Tidy().initPipeline()({}, { output: 'sum' })).toBe(5)
  })

  test('that a component keeps stay with it', async () => {
    const kept: tf.Tensor[] = []
    class Keep extends ModularPipelineBlocks {
      @Output() done!: Out<boolean>

      run() {
        kept.push(tf.keep(tf.ones([5])))
        this.done = true
      }
    }
    await new Keep().initPipeline()()
    expect(kept.map(({ isDisposed }) => isDisposed)).toEqual([false])
    tf.dispose(kept)
  })

  test('are looked at on request: infinity and NaN are found, whole numbers are never wrong', async () => {
    class Divide extends ModularPipelineBlocks {
      @Input() by!: In<number>
      @Output() whole!: Out<tf.Tensor>
      @Output() quotient!: Out<tf.Tensor>

      run() {
        this.whole = tf.tensor1d([1, 2, 3], 'int32')
        this.quotient = tf.tensor1d([0, 1, 2]).div(this.by)
      }
    }
    const divide = new Divide().initPipeline()
    const error = await failureOf(divide({ by: 0 }, { checkNumerics: true }))
    expect(error).toMatchObject({ code: 'NON_FINITE', value: 'quotient' })
    expect((error as Error).message).toContain('3 of 3 values that are NaN or infinite')
    tf.dispose([...(await divide({ by: 2 }, { checkNumerics: true })).values.values()] as tf.Tensor[])
    tf.dispose([...(await divide({ by: 0 })).values.values()] as tf.Tensor[])
  })
})

describe('connectTensorLifetimes()', () => {
  test('connects once, however often it is called', async () => {
    // What is connected is not a part of the engine's declared interface.
    const engine = tf.engine() as unknown as { track: unknown }
    const { track } = engine
    connectTensorLifetimes()
    expect(engine.track).toBe(track)
  })
})
