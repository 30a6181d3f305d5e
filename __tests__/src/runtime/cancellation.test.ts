import {
  Component,
  type InOut,
  Input,
  LoopSequentialPipelineBlocks,
  LoopStep,
  ModularPipelineBlocks,
  Output,
  PipelineAbortError,
  type PipelineEvent,
  PipelineState,
  SequentialPipelineBlocks,
} from '../../../src'
import { failure } from '../fixtures/failures'
import { Increment, IncrementStep, Repeat, toy } from '../fixtures/toy-blocks'

const stateIn = (error: PipelineAbortError) => (error.state as PipelineState).toObject().values

describe('an AbortSignal', () => {
  test('that has fired before the call stops the run before its first block', async () => {
    let runs = 0
    const pipe = toy({ inputs: ['x'], body: () => void runs++ }).initPipeline()
    const reason = new Error('too late')
    const error = await failure(PipelineAbortError, () => pipe({ x: 1 }, { signal: AbortSignal.abort(reason) }))
    expect(runs).toBe(0)
    expect(error.cause).toBe(reason)
    expect(error.name).toBe('AbortError')
    expect(error.message).toBe('The run was cancelled in the pipeline.')
    expect(stateIn(error)).toEqual({ x: 1 })
  })

  test('that has fired before the call comes before what is wrong with the call, and asks no factory', async () => {
    class Weights {}
    class Needy extends Increment {
      @Component(Weights) weights!: Weights
    }
    const pipe = new Needy().initPipeline()
    let asked = 0
    pipe.container.register('weights', { useFactory: () => asked++ })
    await failure(PipelineAbortError, () => pipe({}, { signal: AbortSignal.abort() }))
    expect(asked).toBe(0)
  })

  test('stops between two blocks, with the state so far', async () => {
    const controller = new AbortController()
    const blocks = SequentialPipelineBlocks.fromBlocksDict({
      first: Increment,
      cancel: toy({ body: () => controller.abort() }),
      last: Increment,
    })
    const error = await failure(PipelineAbortError, () =>
      blocks.initPipeline()({ x: 1 }, { signal: controller.signal }),
    )
    expect(stateIn(error)).toEqual({ x: 2 })
  })

  test('stops between two steps of a loop, with the values of the latest', async () => {
    const controller = new AbortController()
    const onEvent = (event: PipelineEvent) => {
      if (event.type === 'loopStep' && event.step === 3) controller.abort()
    }
    const blocks = SequentialPipelineBlocks.fromBlocksDict({ denoise: Repeat.fromBlocksDict({ add: IncrementStep }) })
    const call = () => blocks.initPipeline()({ x: 0, numSteps: 10 }, { signal: controller.signal, onEvent })
    const error = await failure(PipelineAbortError, call)
    expect(error.path).toEqual(['denoise[step 4 of 10]'])
    expect(stateIn(error)).toEqual({ x: 3, numSteps: 10 })
  })

  test('stops a loop inside a loop, with the values of both', async () => {
    const controller = new AbortController()
    const count = toy<{ x: number }>({
      inputs: ['x'],
      outputs: ['x'],
      body: ({ x }) => {
        if (x === 4) controller.abort()
        return { x: x + 1 }
      },
    })
    const inner = Repeat.fromBlocksDict({ count })
    const pipe = Repeat.fromBlocksDict({ inner }).initPipeline()
    const error = await failure(PipelineAbortError, () => pipe({ x: 0, numSteps: 3 }, { signal: controller.signal }))
    expect(error.path).toEqual(['[step 2 of 3]', 'inner[step 3 of 3]'])
    expect(stateIn(error).x).toBe(5)
  })

  test('reaches the block, whose own failure then counts as the cancellation', async () => {
    const controller = new AbortController()
    class Fetch extends ModularPipelineBlocks {
      run() {
        controller.abort(new Error('the user has left'))
        this.context.signal?.throwIfAborted()
      }
    }
    const error = await failure(PipelineAbortError, () => new Fetch().initPipeline()({}, { signal: controller.signal }))
    expect(error.cause).toEqual(new Error('the user has left'))
  })

  test('does not undo a run whose last block has ended', async () => {
    const controller = new AbortController()
    class Last extends Increment {
      override run() {
        super.run()
        controller.abort()
      }
    }
    expect(await new Last().initPipeline()({ x: 1 }, { output: 'x', signal: controller.signal })).toBe(2)
  })

  test('of a pipeline inside a block is an error of that block', async () => {
    const inner = new Increment().initPipeline()
    const outer = toy({
      name: 'Outer',
      body: async () => void (await inner({ x: 1 }, { signal: AbortSignal.abort() })),
    })
    const error = await SequentialPipelineBlocks.fromBlocksDict({ outer })
      .initPipeline()()
      .catch((error: unknown) => error)
    expect(error).toMatchObject({
      code: 'BLOCK_EXECUTION',
      path: ['outer'],
      blockClass: 'Outer',
      cause: { code: 'ABORTED' },
    })
  })
})

describe('the rest of the process', () => {
  class Busy extends LoopSequentialPipelineBlocks {
    @Input() @Output() fired!: InOut<boolean>
    @LoopStep() work = toyStep()

    async run() {
      const start = performance.now()
      // Far longer than a timer needs; a loop that starves the process runs to the end of it.
      while (!this.fired && performance.now() - start < 20_000) await this.loopStep()
    }
  }

  function toyStep() {
    return toy({
      inputs: ['flag', 'fired'],
      outputs: ['fired'],
      body: ({ flag }) => ({ fired: (flag as { fired: boolean }).fired }),
    })
  }

  test('is served while a loop computes without a pause', async () => {
    const flag = { fired: false }
    setTimeout(() => {
      flag.fired = true
    }, 20)
    expect(await new Busy().initPipeline()({ flag, fired: false }, { output: 'fired' })).toBe(true)
  })

  test('can cancel such a loop by a timer', async () => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 20)
    const inputs = { flag: { fired: false }, fired: false }
    await failure(PipelineAbortError, () => new Busy().initPipeline()(inputs, { signal: controller.signal }))
  })

  test('is served while many blocks compute one after another', async () => {
    const blocks = Object.fromEntries(
      Array.from({ length: 400 }, (_, i) => [
        `block${i}`,
        toy({
          body: () => {
            const end = performance.now() + 1
            while (performance.now() < end);
          },
        }),
      ]),
    )
    let fired = false
    setTimeout(() => {
      fired = true
    }, 20)
    const last = toy({ outputs: ['seen'], body: () => ({ seen: fired }) })
    const pipe = SequentialPipelineBlocks.fromBlocksDict({ ...blocks, last }).initPipeline()
    expect(await pipe({}, { output: 'seen' })).toBe(true)
  })
})
