import {
  Block,
  BlockExecutionError,
  Component,
  type In,
  Input,
  LoopSequentialPipelineBlocks,
  LoopStep,
  ModularPipelineBlocks,
  type Out,
  Output,
  ReadOnlyComponentError,
  SequentialPipelineBlocks,
  UndeclaredParameterError,
} from '../../../src'
import { failure } from '../fixtures/failures'
import { toy } from '../fixtures/toy-blocks'

class Clock {}

/** A block that does something odd with `this`. */
function odd(act: (view: Record<string, unknown>) => unknown) {
  @Block({ description: 'Does something odd.' })
  class Odd extends ModularPipelineBlocks {
    @Input({ required: false }) guidanceScale!: In<number>
    @Output() result!: Out<unknown>
    @Component(Clock, { config: {} }) clock!: Clock
    readonly constant = 7

    run() {
      this.result = act(this as unknown as Record<string, unknown>)
    }
  }
  const odd = new Odd()
  return { odd, call: () => SequentialPipelineBlocks.fromBlocksDict({ odd }).initPipeline()({}, { output: 'result' }) }
}

describe('this, inside run()', () => {
  test.each([
    ['read', (view: Record<string, unknown>) => view.guidanceScal],
    ['written', (view: Record<string, unknown>) => (view.guidanceScal = 1)],
  ])('refuses a name that is %s and not declared, and names the closest', async (access, act) => {
    const error = await failure(UndeclaredParameterError, odd(act).call)
    expect(error).toMatchObject({ path: ['odd'], parameter: 'guidanceScal' })
    expect(error.message).toMatch(
      new RegExp(
        `^odd: "guidanceScal" was ${access}, but the block does not declare it \\(declared: "guidanceScale", "result" and "clock"\\)`,
      ),
    )
    expect(error.message).toContain('Did you mean "guidanceScale"?')
  })

  test('offers the methods, constants and class of the block', async () => {
    const act = (view: Record<string, unknown>) => [
      view.constant,
      view.description,
      view instanceof ModularPipelineBlocks,
    ]
    expect(await odd(act).call()).toEqual([7, 'Does something odd.', true])
  })

  test('does not let a run write on the block', async () => {
    const { odd: block, call } = odd(view => {
      view.constant = 8
    })
    await failure(UndeclaredParameterError, call)
    expect(block.constant).toBe(7)
  })

  test('does not let a run replace a component by assignment', async () => {
    const { call } = odd(view => {
      view.clock = new Clock()
    })
    const error = await failure(ReadOnlyComponentError, call)
    expect(error).toMatchObject({ path: ['odd'], component: 'clock' })
    expect(error.message).toMatch(/^odd: "clock" is a component or a setting, which a block reads and cannot assign/)
  })

  test('may be awaited, printed and compared like any object', async () => {
    const act = async (view: Record<string, unknown>) => {
      const same = await view
      return [same === view, JSON.stringify({ view: typeof view }), 'then' in view]
    }
    class Awaiting extends ModularPipelineBlocks {
      @Output() result!: Out<unknown>
      async run() {
        this.result = await act(this as unknown as Record<string, unknown>)
      }
    }
    expect(await new Awaiting().initPipeline()({}, { output: 'result' })).toEqual([true, '{"view":"object"}', false])
  })

  test('keeps symbols that a library hangs on it for the call', async () => {
    const key = Symbol('library')
    const act = (view: Record<string | symbol, unknown>) => {
      view[key] = 1
      return view[key]
    }
    const { odd: block, call } = odd(act)
    expect(await call()).toBe(1)
    expect(key in block).toBe(false)
  })

  test('tells the run: path, seed and signal', async () => {
    class Curious extends ModularPipelineBlocks {
      @Output() seen!: Out<unknown[]>
      run() {
        this.seen = [[...this.context.path], this.context.seed, this.context.signal?.aborted]
      }
    }
    const pipe = SequentialPipelineBlocks.fromBlocksDict({ curious: Curious }).initPipeline()
    expect(await pipe({}, { output: 'seen', seed: 5, signal: new AbortController().signal })).toEqual([
      ['curious'],
      5,
      false,
    ])
    expect(await pipe({}, { output: 'seen' })).toEqual([['curious'], undefined, undefined])
  })

  test('has no #private members, and the error says what to write', async () => {
    class Counts extends ModularPipelineBlocks {
      readonly #amount = 3
      @Output() seen!: Out<number>
      run() {
        this.seen = this.#amount
      }
    }
    class Adds extends ModularPipelineBlocks {
      @Output() seen!: Out<number>
      run() {
        this.seen = this.#add(1)
      }
      #add(x: number) {
        return x + 1
      }
    }
    for (const type of [Counts, Adds]) {
      const error = await failure(BlockExecutionError, () => new type().initPipeline()({}))
      expect(error.message).toContain('has no #private members: declare them with "private".')
    }
  })

  test('has no context outside of a run', () => {
    class Exposed extends ModularPipelineBlocks {
      get theContext() {
        return this.context
      }
    }
    expect(() => new Exposed().theContext).toThrow(/context: it exists only inside run\(\) and loop steps/)
  })
})

describe('this, inside the run() of a loop', () => {
  test('offers what the loop declares, and not what its parts do', async () => {
    class Peeking extends LoopSequentialPipelineBlocks {
      @LoopStep() part = toy({ inputs: ['noise'] })
      run() {
        return (this as unknown as { noise: never }).noise
      }
    }
    const error = await failure(UndeclaredParameterError, () => new Peeking().initPipeline()())
    expect(error.parameter).toBe('noise')
  })
})
