import {
  AutoPipelineBlocks,
  BlockExecutionError,
  type BlockSource,
  Branch,
  type LoopStepEvent,
  type ModularPipeline,
  type PipelineEvent,
  SequentialPipelineBlocks,
} from '../../../src'
import { catchWarnings } from '../fixtures/emitted-warnings'
import { failure } from '../fixtures/failures'
import { Double, Increment, IncrementStep, Repeat, toy } from '../fixtures/toy-blocks'

/** An event on one line. */
function line(event: PipelineEvent): string {
  switch (event.type) {
    case 'blockStart':
    case 'blockEnd':
      return `${event.type} ${event.block} ${event.path.join('>')}`.trimEnd()
    case 'loopStart':
      return `loopStart ${event.path.join('>')} ${event.step}/${event.total}`
    case 'loopStep':
      return `loopStep ${event.path.join('>')} ${event.step}/${event.total} ${JSON.stringify(event.variables)}`
    case 'preview':
      return `preview ${event.path.join('>')} ${event.step}/${event.total}`
    case 'runStart':
      return `runStart ${event.block}`
    case 'warning':
      return `warning ${event.code}`
    case 'runEnd':
      return 'runEnd'
  }
}

describe('the events of a run', () => {
  test('tell which block runs where, in order', async () => {
    class Choice extends AutoPipelineBlocks {
      @Branch({ when: 'image' }) skipped: BlockSource = toy({ inputs: ['image'] })
      @Branch() taken: BlockSource = Double
    }
    const inner = SequentialPipelineBlocks.fromBlocksDict({ double: Double })
    const loop = Repeat.fromBlocksDict({
      add: IncrementStep,
      inner: SequentialPipelineBlocks.fromBlocksDict({ again: IncrementStep }),
    })
    const blocks = SequentialPipelineBlocks.fromBlocksDict({ first: Increment, choice: Choice, loop, inner })
    const lines: string[] = []
    await blocks.initPipeline()({ x: 1, numSteps: 1, imagee: 5 }, { onEvent: event => void lines.push(line(event)) })
    expect(lines).toEqual([
      'runStart SequentialPipelineBlocks',
      'warning UNKNOWN_INPUT',
      'blockStart SequentialPipelineBlocks',
      'blockStart Increment first',
      'blockEnd Increment first',
      'blockStart Choice choice',
      'blockStart Double choice>taken',
      'blockEnd Double choice>taken',
      'blockEnd Choice choice',
      'blockStart Repeat loop',
      'loopStart loop 0/1',
      'blockStart IncrementStep loop>add',
      'blockEnd IncrementStep loop>add',
      'blockStart SequentialPipelineBlocks loop>inner',
      'blockStart IncrementStep loop>inner>again',
      'blockEnd IncrementStep loop>inner>again',
      'blockEnd SequentialPipelineBlocks loop>inner',
      'loopStep loop 1/1 {"i":0}',
      'blockEnd Repeat loop',
      'blockStart SequentialPipelineBlocks inner',
      'blockStart Double inner>double',
      'blockEnd Double inner>double',
      'blockEnd SequentialPipelineBlocks inner',
      'blockEnd SequentialPipelineBlocks',
      'runEnd',
    ])
  })

  test('show the values of a loop after each step', async () => {
    const seen: unknown[] = []
    const onEvent = (event: PipelineEvent) => {
      if (event.type === 'loopStep') seen.push([event.step, event.total, event.state.x])
    }
    await Repeat.fromBlocksDict({ add: IncrementStep }).initPipeline()({ x: 0, numSteps: 3 }, { onEvent })
    expect(seen).toEqual([
      [1, 3, 1],
      [2, 3, 2],
      [3, 3, 3],
    ])
  })

  test('count the steps of each loop by itself', async () => {
    const inner = Repeat.fromBlocksDict({ add: IncrementStep })
    const steps: LoopStepEvent[] = []
    const onEvent = (event: PipelineEvent) => {
      if (event.type === 'loopStep') steps.push(event)
    }
    await Repeat.fromBlocksDict({ inner }).initPipeline()({ x: 0, numSteps: 2 }, { onEvent })
    expect(steps.map(({ path, step }) => [path.join('>'), step])).toEqual([
      ['inner', 1],
      ['inner', 2],
      ['', 1],
      ['inner', 1],
      ['inner', 2],
      ['', 2],
    ])
  })

  test('are held up by a listener of loop steps', async () => {
    const order: string[] = []
    const mark = toy({ body: () => void order.push('step') })
    const onEvent = async (event: PipelineEvent) => {
      if (event.type !== 'loopStep') return
      await new Promise(resolve => setImmediate(resolve))
      order.push('seen')
    }
    await Repeat.fromBlocksDict({ mark }).initPipeline()({ numSteps: 2 }, { onEvent })
    expect(order).toEqual(['step', 'seen', 'step', 'seen'])
  })
})

describe('a listener that fails', () => {
  const blocks = SequentialPipelineBlocks.fromBlocksDict({
    loop: Repeat.fromBlocksDict({ add: IncrementStep }),
    slow: toy({ body: () => new Promise<void>(resolve => setImmediate(resolve)) }),
    last: Increment,
  })
  const types = ['blockStart', 'blockEnd', 'loopStep'] as const

  test.each(types)('ends the run when it throws on %s', async type => {
    const onEvent = (event: PipelineEvent) => {
      if (event.type === type) throw new Error('the display is gone')
    }
    await expect(blocks.initPipeline()({ x: 1, numSteps: 1 }, { onEvent })).rejects.toThrow('the display is gone')
  })

  test.each(types)('ends the run when it rejects on %s', async type => {
    const onEvent = async (event: PipelineEvent) => {
      if (event.type === type) throw new Error('the display is gone')
    }
    const error = await failure(BlockExecutionError, () => blocks.initPipeline()({ x: 1, numSteps: 1 }, { onEvent }))
    expect(error.cause).toEqual(new Error('the display is gone'))
  })

  test.each(['runStart', 'runEnd'] as const)('ends the run when it throws on %s', async type => {
    const onEvent = (event: PipelineEvent) => {
      if (event.type === type) throw new Error('the display is gone')
    }
    await expect(new Increment().initPipeline()({ x: 1 }, { onEvent })).rejects.toThrow('the display is gone')
  })
})

describe('an unknown input', () => {
  const warnings = async (inputs: Record<string, unknown>) => {
    const found: string[] = []
    const onEvent = (event: PipelineEvent) => {
      if (event.type === 'warning') found.push(event.message)
    }
    await toy({ inputs: ['guidanceScale', 'prompt', { name: null, kwargsType: 'embeds' }] }).initPipeline()(inputs, {
      onEvent,
    })
    return found
  }

  test('is ignored with a warning that names the closest one', async () => {
    expect(await warnings({ guidanceScal: 3 })).toEqual([
      '"guidanceScal" is not an input of this pipeline and was ignored. Did you mean "guidanceScale"?',
    ])
  })

  test('is ignored with a list of all if none is close', async () => {
    expect(await warnings({ zzz: 3 })).toEqual([
      '"zzz" is not an input of this pipeline and was ignored. The pipeline takes "guidanceScale", "prompt" and "embeds".',
    ])
  })

  test('is shown its place if it is an option of the call', async () => {
    const [message] = await warnings({ seed: 3 })
    expect(message).toBe(
      '"seed" is not an input of this pipeline and was ignored. It is an option: pipe(inputs, { seed }).',
    )
  })

  test('is not a member of the state', async () => {
    const pipe: ModularPipeline = new Increment().initPipeline()
    const emitted = catchWarnings()
    expect((await pipe({ x: 1, y: 2 })).toObject().values).toEqual({ x: 2 })
    expect(emitted()).toEqual([expect.stringContaining('UNKNOWN_INPUT: "y" is not an input of this pipeline')])
    expect(await warnings({ guidanceScale: 1, prompt: 'p', embeds: { a: 1 } })).toEqual([])
  })
})

test('warnings go as those of Node where nobody watches', async () => {
  const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation()
  await new Increment().initPipeline().run({ x: 1, xx: 2 }, { output: 'y' })
  const warnings = emitWarning.mock.calls.map(([message, options]) => [String(message).slice(0, 37), options])
  emitWarning.mockRestore()
  expect(warnings).toEqual([
    ['"xx" is not an input of this pipeline', { type: 'TesseraeWarning', code: 'UNKNOWN_INPUT' }],
    ['No block of this pipeline writes the ', { type: 'TesseraeWarning', code: 'UNKNOWN_OUTPUT' }],
  ])
})

test('a block can warn those who watch', async () => {
  class Warner extends Increment {
    override run() {
      this.context.warn('TRUNCATED', 'The prompt was cut.')
    }
  }
  const events: PipelineEvent[] = []
  const blocks = SequentialPipelineBlocks.fromBlocksDict({ encode: Warner })
  await blocks.initPipeline()({ x: 1 }, { onEvent: event => void events.push(event) })
  expect(events).toContainEqual({
    type: 'warning',
    path: ['encode'],
    code: 'TRUNCATED',
    message: 'The prompt was cut.',
  })
})
