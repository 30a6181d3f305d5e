/** Runs that continue where they were cancelled: at every place, on blocks of every kind. */
import {
  AutoPipelineBlocks,
  Block,
  type BlockSource,
  Branch,
  Component,
  type In,
  type InOut,
  Input,
  LoopSequentialPipelineBlocks,
  LoopStep,
  ModularPipelineBlocks,
  NotResumableError,
  Output,
  PipelineAbortError,
  type PipelineInputs,
  type PipelineState,
  type RunScope,
  type RunScoped,
  SequentialPipelineBlocks,
  Step,
} from '../../../src'
import { failure } from '../fixtures/failures'
import { Handle } from '../fixtures/handles'
import { Repeat, required, toy } from '../fixtures/toy-blocks'

/** What the blocks have done, in order; and the signal that they fire when they have done so much. */
let done: string[] = []
let stopAt = Infinity
let controller = new AbortController()

function note(what: string): void {
  done.push(what)
  if (done.length === stopAt) controller.abort()
}

/** A component that sums up what the steps of a run add. */
class Sum implements RunScoped {
  total = 0

  static fromConfig(): Sum {
    return new Sum()
  }

  forRun(_scope: RunScope): this {
    return Object.assign(Object.create(Sum.prototype), { total: 0 }) as this
  }

  saveRun() {
    return { total: this.total }
  }

  restoreRun({ total }: Readonly<Record<string, unknown>>): this {
    this.total = Number(total)
    return this
  }
}

/** The same, but it cannot say what it remembers. */
class SilentSum extends Sum {
  override saveRun = undefined as unknown as Sum['saveRun']

  override forRun(): this {
    return new SilentSum() as this
  }
}

const first = toy({
  inputs: [required('x')],
  outputs: ['x', 'trigger'],
  body: ({ x }) => {
    note('first')
    return { x: Number(x) + 1, trigger: 'made on the way' }
  },
})

@Block({ description: 'Adds to the sum, and waits in the middle.' })
class AddStep extends ModularPipelineBlocks {
  @Component(Sum) sum!: Sum
  @Input() @Output() x!: InOut<number>
  @Input({ required: false }) @Output() handle!: InOut<Handle | undefined>

  @LoopStep({ variables: ['i'] })
  async step({ i }: { i: number }) {
    const { sum, handle } = this
    const before = handle === undefined ? 0 : Number(handle.use().label)
    await null
    note(`add ${i}`)
    this.context.signal?.throwIfAborted()
    sum.total += this.x
    this.x += sum.total + i
    this.handle = new Handle(before + this.x)
  }
}

@Block({ description: 'Counts the changes of the loop.' })
class CountStep extends ModularPipelineBlocks {
  @Input({ default: 0 }) @Output() count!: InOut<number>

  @LoopStep()
  step() {
    this.count += 1
    note(`count ${this.count}`)
  }
}

@Block({ description: 'An inner loop.' })
class Inner extends LoopSequentialPipelineBlocks {
  @LoopStep() count: BlockSource = CountStep

  async run() {
    for (let j = 0; j < 2; j++) await this.loopStep({ j })
  }
}

@Block({ description: 'Adds in a loop.' })
class Loop extends LoopSequentialPipelineBlocks {
  @Input() numSteps!: In<number>
  @LoopStep() add: BlockSource = AddStep
  @LoopStep() inner: BlockSource = Inner

  async run() {
    for (let i = 0; i < this.numSteps; i++) await this.loopStep({ i }, { total: this.numSteps })
  }
}

@Block({ description: 'The last.' })
class Last extends ModularPipelineBlocks {
  @Component(Sum) sum!: Sum
  @Input() x!: In<number>
  @Input() count!: In<number>
  @Input() handle!: In<Handle>
  @Output() result!: InOut<number[]>

  run() {
    note('last')
    this.result = [this.x, this.count, this.sum.total, Number(this.handle.use().label)]
  }
}

@Block({ description: 'A sequence in a branch.' })
class Middle extends SequentialPipelineBlocks {
  @Step() first: BlockSource = first
  @Step() loop: BlockSource = Loop
}

@Block({ description: 'Never runs at first, but its trigger is made on the way.' })
class Choice extends AutoPipelineBlocks {
  @Branch({ when: 'trigger' }) other: BlockSource = toy({ outputs: ['x'], body: () => note('the wrong branch') })
  @Branch({ otherwise: true }) middle: BlockSource = Middle
}

@Block({ description: 'All of them.' })
class Tree extends SequentialPipelineBlocks {
  @Step() choice: BlockSource = Choice
  @Step() last: BlockSource = Last
}

beforeEach(() => {
  done = []
  stopAt = Infinity
  controller = new AbortController()
})
afterEach(() => {
  expect(Handle.alive.size).toBe(0)
})

async function runToEnd(blocks: ModularPipelineBlocks, inputs: PipelineInputs, options: object = {}): Promise<unknown> {
  return blocks.initPipeline()(inputs, { ...options, output: 'result' })
}

async function cancelled(
  blocks: ModularPipelineBlocks,
  inputs: PipelineInputs,
  options: object = {},
): Promise<PipelineState> {
  const { signal } = controller
  const run = () => blocks.initPipeline()(inputs, { ...options, signal, keepStateOnAbort: true })
  return (await failure(PipelineAbortError, run)).state as PipelineState // What a pipeline puts there.
}

const inputs = { x: 1, numSteps: 4 }

describe('a run that continues', () => {
  test('gives the same result from every place, and does nothing twice that was finished', async () => {
    const expected = await runToEnd(new Tree(), inputs)
    const all = [...done]
    expect(all).toHaveLength(1 + 4 * 3 + 1)
    // After the last block nothing stops the run any more.
    for (let place = 1; place < all.length; place++) {
      done = []
      stopAt = place
      controller = new AbortController()
      const state = await cancelled(new Tree(), inputs)
      expect(done).toEqual(all.slice(0, done.length))
      const before = done
      done = []
      stopAt = Infinity
      expect(await runToEnd(new Tree(), {}, { state, resume: true })).toEqual(expected)
      state.dispose()
      expect(Handle.alive.size).toBe(0)
      // The iteration in which it was cancelled begins again; what came before does not.
      const again = before.length + done.length - all.length
      expect(again).toBeGreaterThanOrEqual(0)
      expect(again).toBeLessThanOrEqual(2)
      expect(done).toEqual(all.slice(all.length - done.length))
    }
  })

  test('may be cancelled again and again', async () => {
    const expected = await runToEnd(new Tree(), inputs)
    let state: PipelineState | undefined
    let result: unknown
    for (let runs = 0; result === undefined; runs++) {
      if (runs > 40) throw new Error('The run does not come to its end.')
      done = []
      stopAt = 4
      controller = new AbortController()
      const options = { signal: controller.signal, keepStateOnAbort: true, ...(state && { state, resume: true }) }
      const call = new Tree().initPipeline()(state ? {} : inputs, { ...options, output: 'result' })
      const former = state
      state = undefined
      result = await call.catch((error: PipelineAbortError) => {
        state = error.state as PipelineState
        return undefined
      })
      former?.dispose()
    }
    expect(result).toEqual(expected)
  })

  test('begins at the start if it was cancelled before it', async () => {
    controller.abort()
    const state = await cancelled(new Tree(), inputs)
    expect(state.resumePoint?.path).toEqual([])
    const result = await runToEnd(new Tree(), {}, { state, resume: true })
    done = []
    expect(result).toEqual(await runToEnd(new Tree(), inputs))
  })

  test('leaves the state that it continues from as it was: it can continue twice', async () => {
    stopAt = 6
    const state = await cancelled(new Tree(), inputs)
    const call = () => runToEnd(new Tree(), {}, { state, resume: true })
    stopAt = Infinity
    expect(await call()).toEqual(await call())
    state.dispose()
  })

  test('takes inputs that are given now, and tells the steps as those of one run', async () => {
    const pipe = Repeat.fromBlocksDict({
      note: toy({ inputs: ['word'], body: ({ word }, { i }) => note(`${word} ${i}`) }),
    })
    stopAt = 2
    const state = await cancelled(pipe, { numSteps: 4, word: 'old' })
    const steps: string[] = []
    await pipe.initPipeline()(
      { word: 'new' },
      {
        state,
        resume: true,
        onEvent: event => void (event.type === 'loopStep' && steps.push(`${event.step}/${event.total}`)),
      },
    )
    expect(done).toEqual(['old 0', 'old 1', 'new 2', 'new 3'])
    expect(steps).toEqual(['3/4', '4/4'])
  })

  test('has the seed of the run that was cancelled', async () => {
    const seen: unknown[] = []
    @Block({ description: 'Sees the seed.' })
    class Seeing extends ModularPipelineBlocks {
      run() {
        seen.push(this.context.seed)
        note('seed')
      }
    }
    const blocks = SequentialPipelineBlocks.fromBlocksDict({ a: Seeing, b: Seeing })
    stopAt = 1
    const state = await cancelled(blocks, {}, { seed: 5 })
    await blocks.initPipeline()({}, { state, resume: true })
    expect(seen).toEqual([5, 5])
  })

  test('is refused where other blocks are in the place of the loop, whatever is behind them', async () => {
    stopAt = 5
    const state = await cancelled(new Tree(), inputs)
    stopAt = Infinity

    @Block({ description: 'No loop in the branch.' })
    class Flat extends SequentialPipelineBlocks {
      @Step() first: BlockSource = first
      @Step() loop: BlockSource = toy({ body: () => note('no loop') })
    }
    @Block({ description: 'The same branch.' })
    class FlatChoice extends AutoPipelineBlocks {
      @Branch({ otherwise: true }) middle: BlockSource = Flat
    }
    done = []
    for (const behind of [{ other: Loop }, {}]) {
      for (const choice of [FlatChoice, toy({})]) {
        const blocks = SequentialPipelineBlocks.fromBlocksDict({ choice, ...behind })
        const error = await failure(NotResumableError, () => blocks.initPipeline()({}, { state, resume: true }))
        expect(error.message).toContain('choice > middle > loop')
      }
    }
    expect(done).toEqual([])
    state.dispose()
  })

  test('is refused with fewer iterations than were done', async () => {
    stopAt = 8
    const state = await cancelled(new Tree(), inputs)
    stopAt = Infinity
    const pipe = new Tree().initPipeline()
    const error = await failure(NotResumableError, () => pipe({ numSteps: 1 }, { state, resume: true }))
    expect(error.message).toContain(
      '2 iterations of the loop were already done, but with these inputs the loop has only 1.',
    )
    expect(error.path.join(' > ')).toMatch(/^choice > middle > loop/)
    state.dispose()
  })

  test('is refused without a state of a cancelled run, by other blocks, and where a component cannot say what it remembers', async () => {
    const pipe = new Tree().initPipeline()
    await failure(NotResumableError, () => pipe(inputs, { resume: true }))
    const finished = await Repeat.fromBlocksDict({ a: toy({}) }).initPipeline()({ numSteps: 1 })
    expect(finished.resumePoint).toBeUndefined()
    await failure(NotResumableError, () => pipe(inputs, { resume: true, state: finished }))

    stopAt = 5
    const state = await cancelled(new Tree(), inputs)
    const renamed = SequentialPipelineBlocks.fromBlocksDict({ decision: Choice, last: Last })
    const error = await failure(NotResumableError, () => renamed.initPipeline()({}, { state, resume: true }))
    expect(error.message).toContain('choice > middle > loop')
    state.dispose()

    const silent = new Tree().initPipeline().updateComponents({ sum: new SilentSum() })
    done = []
    controller = new AbortController()
    const call = () => silent(inputs, { signal: controller.signal, keepStateOnAbort: true })
    const cannot = (await failure(PipelineAbortError, call)).state as PipelineState
    const refused = await failure(NotResumableError, () => silent({}, { state: cannot, resume: true }))
    expect(refused.message).toContain('"sum"')
    cannot.dispose()
  })
})
