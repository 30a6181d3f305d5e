import {
  Block,
  type BlockSource,
  Component,
  type In,
  type InOut,
  Input,
  LoopSequentialPipelineBlocks,
  LoopStep,
  ModularPipelineBlocks,
  Output,
  type RunScope,
  type RunScoped,
  SequentialPipelineBlocks,
  Step,
} from '../../../src'

/** A scheduler in small: remembers how often it was asked, and must forget that for every run. */
class Counter implements RunScoped {
  static copies = 0
  count = 0
  isDisposed = false

  constructor(readonly start: number) {}

  static fromConfig({ start }: Readonly<Record<string, unknown>>): Counter {
    return new Counter(start as number)
  }

  forRun({ seed }: RunScope): this {
    Counter.copies++
    return new Counter(this.start + this.count + Number(seed ?? 0)) as this
  }

  next(): number {
    return this.start + this.count++
  }

  dispose(): void {
    this.isDisposed = true
  }
}

/** Gives other runs their turn, a different number of times for each. */
async function giveWay(times: number): Promise<void> {
  for (let i = 0; i < times; i++) await new Promise(resolve => setImmediate(resolve))
}

@Block({ description: 'Adds the next number of the counter.' })
class Draw extends ModularPipelineBlocks {
  @Component(Counter, { config: { start: 100 } }) counter!: Counter
  @Input() @Output() drawn!: InOut<number[]>
  @Input() pause!: In<number>

  @LoopStep()
  async run() {
    const before = this.drawn
    await giveWay(this.pause)
    this.drawn = [...before, this.counter.next()]
  }
}

@Block({ description: 'Draws many times.' })
class DrawMany extends LoopSequentialPipelineBlocks {
  @Input() times!: In<number>
  @Input() pause!: In<number>
  @LoopStep() draw: BlockSource = Draw

  async run() {
    for (let i = 0; i < this.times; i++) {
      await this.loopStep({ i })
      await giveWay(this.pause)
    }
  }
}

class Sampling extends SequentialPipelineBlocks {
  @Step() first: BlockSource = Draw
  @Step() loop: BlockSource = DrawMany
  @Step() last: BlockSource = Draw
}

describe('50 runs of one pipeline at once', () => {
  const calls = Array.from({ length: 50 }, (_, n) => ({
    inputs: { drawn: [n], times: n % 7, pause: n % 4 },
    options: { output: 'drawn', ...(n % 3 === 0 && { seed: n }) } as const,
  }))

  test('give what they give one after another, run-scoped components included', async () => {
    const pipe = new Sampling().initPipeline()
    const atOnce = await Promise.all(calls.map(({ inputs, options }) => pipe(inputs, options)))
    const inTurn: unknown[] = []
    for (const { inputs, options } of calls) inTurn.push(await pipe(inputs, options))
    expect(atOnce).toEqual(inTurn)
    calls.forEach(({ inputs: { drawn, times }, options }, n) => {
      const start = 100 + (options.seed ?? 0)
      expect(inTurn[n]).toEqual([...drawn, ...Array.from({ length: times + 2 }, (_, i) => start + i)])
    })
  })

  test('leave the component of the pipeline untouched', async () => {
    const pipe = new Sampling().initPipeline()
    await Promise.all(calls.map(({ inputs, options }) => pipe(inputs, options)))
    expect(pipe.components.counter).toMatchObject({ start: 100, count: 0, isDisposed: false })
  })

  test('never write on a block', async () => {
    const blocks = new Sampling()
    const pipe = blocks.initPipeline()
    const keys = () => [...blocks.subBlocks.values()].map(block => Object.keys(block))
    const before = keys()
    await Promise.all(calls.map(({ inputs, options }) => pipe(inputs, options)))
    expect(keys()).toEqual(before)
    expect((pipe.blocks.subBlocks.get('first') as Draw).drawn).toBeUndefined()
  })

  test('may fail apart from each other', async () => {
    class Picky extends ModularPipelineBlocks {
      @Input() n!: In<number>
      @Input() @Output() x!: InOut<number>
      async run() {
        await giveWay(this.n % 3)
        if (this.n % 2) throw new Error(`odd ${this.n}`)
        this.x += this.n
      }
    }
    const pipe = SequentialPipelineBlocks.fromBlocksDict({ a: Picky, b: Picky }).initPipeline()
    const results = await Promise.allSettled(calls.map((_, n) => pipe({ n, x: 1 }, { output: 'x' })))
    results.forEach((result, n) => {
      if (n % 2)
        expect(result).toMatchObject({
          status: 'rejected',
          reason: { path: ['a'], message: `a (Picky) failed: odd ${n}` },
        })
      else expect(result).toEqual({ status: 'fulfilled', value: 1 + 2 * n })
    })
  })
})

describe('a run-scoped component', () => {
  test('is copied once for each run, however many blocks use it, and disposed at the end', async () => {
    const pipe = new Sampling().initPipeline()
    const seen: Counter[] = []
    class Spy extends Draw {
      override async run() {
        seen.push(this.counter)
      }
    }
    const spying = (pipe.blocks as Sampling).insert('spy', Spy).initPipeline()
    Counter.copies = 0
    await spying({ drawn: [], times: 3, pause: 0 })
    expect(Counter.copies).toBe(1)
    expect(seen[0]?.isDisposed).toBe(true)
    expect(seen[0]).not.toBe(spying.components.counter)
  })

  test('may be replaced for the rest of a run', async () => {
    class Restart extends ModularPipelineBlocks {
      @Component(Counter, { config: { start: 100 } }) counter!: Counter
      run() {
        this.context.useComponent('counter', new Counter(500))
      }
    }
    const blocks = SequentialPipelineBlocks.fromBlocksDict({ a: Draw, restart: Restart, b: Draw })
    const pipe = blocks.initPipeline()
    const call = () => pipe({ drawn: [], pause: 0 }, { output: 'drawn' })
    expect(await call()).toEqual([100, 500])
    expect(await call()).toEqual([100, 500])
  })

  test('that is passed as an input is copied too, so that a second call draws the same', async () => {
    class DrawFrom extends ModularPipelineBlocks {
      @Input() sources!: In<Counter | Counter[]>
      @Output() drawn!: InOut<number[]>
      run() {
        const sources = [this.sources].flat() as Counter[]
        this.drawn = sources.map(source => source.next())
      }
    }
    const pipe = new DrawFrom().initPipeline()
    const counter = new Counter(3)
    const call = (sources: Counter | Counter[]) => pipe({ sources }, { output: 'drawn' })
    expect(await call(counter)).toEqual([3])
    expect(await call(counter)).toEqual([3])
    expect(await call([counter, new Counter(9)])).toEqual([3, 9])
    expect(counter.count).toBe(0)
  })

  test('that is a default, or in a state that is passed, is copied too', async () => {
    class DrawDefault extends ModularPipelineBlocks {
      @Input({ default: new Counter(7) }) source!: In<Counter>
      @Output() drawn!: InOut<number>
      run() {
        this.drawn = this.source.next()
      }
    }
    const pipe = new DrawDefault().initPipeline()
    expect(await pipe({}, { output: 'drawn' })).toBe(7)
    const state = await pipe()
    expect(state.get('drawn')).toBe(7)
    expect(await pipe({}, { state, output: 'drawn' })).toBe(8)
    expect(state.get<Counter>('source').count).toBe(1)
  })
})
