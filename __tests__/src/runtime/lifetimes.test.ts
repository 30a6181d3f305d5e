import {
  AutoPipelineBlocks,
  Block,
  BlockExecutionError,
  type BlockSource,
  Branch,
  type InOut,
  Input,
  LoopSequentialPipelineBlocks,
  LoopStep,
  type Out,
  Output,
  PipelineAbortError,
  type PipelineEvent,
  type PipelineState,
  SequentialPipelineBlocks,
} from '../../../src'
import { expectWarnings } from '../../expected-warnings'
import { failure } from '../fixtures/failures'
import { Handle } from '../fixtures/handles'
import { Repeat, toy } from '../fixtures/toy-blocks'

expectWarnings('UNKNOWN_OUTPUT')

const alive = () => Handle.alive.size

/** Writes how many handles are alive. */
const count = toy({ outputs: ['count'], body: () => ({ count: alive() }) })

const sequence = (blocks: Record<string, BlockSource>) => SequentialPipelineBlocks.fromBlocksDict(blocks)

/** Writes a new handle under a name, and makes one more that nobody keeps. */
const make = (name: string) =>
  toy({
    outputs: [name],
    body: () => {
      new Handle('scratch').use()
      return { [name]: new Handle(name) }
    },
  })

afterEach(() => {
  const left = [...Handle.alive]
  Handle.alive.clear()
  expect(left).toEqual([])
})

const disposeAll = () => {
  for (const handle of Handle.alive) handle.use().dispose()
}

describe('what a block makes', () => {
  test('is disposed when the block ends, unless it put it into the state', async () => {
    const state = await sequence({ make: make('x'), count }).initPipeline()()
    expect(state.get('count')).toBe(1)
    state.get<Handle>('x').use().dispose()
  })

  test('is found in lists, maps, sets and objects of any class', async () => {
    class Box {
      constructor(readonly content: unknown) {}
    }
    const values = {
      list: () => [new Handle(), undefined, new Handle()],
      mixed: () => [0.5, new Handle(), 'text', new Handle()],
      map: () => new Map([['a', new Handle()]]),
      set: () => new Set([new Handle()]),
      plain: () => ({ deep: { er: [new Handle()] } }),
      box: () => new Box(new Box(new Handle())),
    }
    const outputs = Object.keys(values)
    const body = () => Object.fromEntries(Object.entries(values).map(([name, create]) => [name, create()]))
    const blocks = sequence({ fill: toy({ outputs, body }), other: make('other') })
    await blocks.initPipeline()()
    expect(alive()).toBe(9)
    disposeAll()
  })

  test('is found where objects hold each other', async () => {
    const blocks = toy({
      outputs: ['circle'],
      body: () => {
        const circle: Record<string, unknown> = { handle: new Handle() }
        circle.self = [circle]
        return { circle }
      },
    })
    const circle = await sequence({ blocks, next: make('y') }).initPipeline()<{ handle: Handle }>(
      {},
      { output: 'circle' },
    )
    circle.handle.use().dispose()
    expect(alive()).toBe(0)
  })

  test('may be disposed by the block itself', async () => {
    await toy({ body: () => new Handle().dispose() }).initPipeline()()
    expect(alive()).toBe(0)
  })

  test('in a block that gives way to others is its own', async () => {
    const slow = toy({
      inputs: ['n'],
      outputs: ['x'],
      body: async ({ n }) => {
        const scratch = new Handle(`scratch ${n}`)
        await new Promise(resolve => setImmediate(resolve))
        const x = new Handle(`x ${n}`)
        await new Promise(resolve => setImmediate(resolve))
        scratch.use()
        return { x }
      },
    })
    const pipe = sequence({ slow, again: slow }).initPipeline()
    const results = await Promise.all(Array.from({ length: 10 }, (_, n) => pipe<Handle>({ n }, { output: 'x' })))
    expect(results.map(handle => handle.use().label)).toEqual(Array.from({ length: 10 }, (_, n) => `x ${n}`))
    expect(alive()).toBe(10)
    for (const handle of results) handle.dispose()
  })
})

describe('what is overwritten in the state', () => {
  test('is disposed when nobody holds it', async () => {
    const state = await sequence({ a: make('x'), b: make('x'), count }).initPipeline()()
    expect(state.get('count')).toBe(1)
    disposeAll()
  })

  test('stays where it is still held under another name', async () => {
    const copy = toy({ inputs: ['x'], outputs: ['y'], body: ({ x }) => ({ y: [x] }) })
    const blocks = sequence({ a: make('x'), copy, b: make('x') })
    const { x, y } = (await blocks.initPipeline()({}, { output: ['x', 'y'] })) as { x: Handle; y: Handle[] }
    expect(y[0]?.use()).not.toBe(x.use())
    disposeAll()
  })

  test('is never something that the caller passed', async () => {
    const given = new Handle('given')
    const x = await sequence({ a: toy({ inputs: ['x'] }), b: make('x') }).initPipeline()<Handle>(
      { x: given },
      { output: 'x' },
    )
    expect(given.use()).not.toBe(x)
    x.dispose()
    given.dispose()
  })
})

describe('the end of a run', () => {
  const blocks = sequence({ a: make('x'), b: make('y') })

  test('leaves the requested outputs and disposes everything else', async () => {
    const x = await blocks.initPipeline()<Handle>({}, { output: 'x' })
    expect(alive()).toBe(1)
    x.use().dispose()
    const both = (await blocks.initPipeline()({}, { output: ['x', 'y'] })) as Record<string, Handle>
    expect(alive()).toBe(2)
    expect(Object.keys(both)).toEqual(['x', 'y'])
    disposeAll()
  })

  test('leaves the whole state where that is the result', async () => {
    await blocks.initPipeline()()
    expect(alive()).toBe(2)
    disposeAll()
  })

  test('leaves nothing for an output that does not exist', async () => {
    expect(await blocks.initPipeline()({}, { output: 'z' })).toBeUndefined()
    expect(alive()).toBe(0)
  })

  test('leaves what the caller passed in, also in a state of an earlier run', async () => {
    const given = new Handle('given')
    const state = await blocks.initPipeline()()
    await sequence({
      use: toy({ inputs: ['x', 'given'], outputs: ['z'], body: ({ x }) => ({ z: (x as Handle).use() }) }),
    }).initPipeline()({ given }, { state, output: 'nothing' })
    given.use().dispose()
    expect(alive()).toBe(2)
    disposeAll()
  })

  test('disposes everything after a failure', async () => {
    const fail = toy({
      body: async () => {
        const scratch = new Handle()
        await null
        scratch.use()
        throw new Error('no')
      },
    })
    await failure(BlockExecutionError, () => sequence({ a: make('x'), inner: sequence({ fail }) }).initPipeline()())
    expect(alive()).toBe(0)
  })

  test('disposes everything after a listener has thrown at the very end', async () => {
    const onEvent = (event: PipelineEvent) => {
      if (event.type === 'runEnd') throw new Error('the display is gone')
    }
    await expect(blocks.initPipeline()({}, { onEvent })).rejects.toThrow('the display is gone')
    expect(alive()).toBe(0)
  })

  test('disposes everything after a cancellation, unless it is asked to keep the state', async () => {
    const controller = new AbortController()
    const cancel = toy({ body: () => controller.abort() })
    const pipe = sequence({ a: make('x'), cancel, b: make('y') }).initPipeline()
    const { signal } = controller
    const error = await failure(PipelineAbortError, () => pipe({}, { signal }))
    expect(alive()).toBe(0)
    expect((error.state as PipelineState).get<Handle>('x').isDisposed).toBe(true)
  })

  test('keeps the state of a cancelled loop when it is asked to', async () => {
    const controller = new AbortController()
    const onEvent = (event: PipelineEvent) => {
      if (event.type === 'loopStep' && event.step === 2) controller.abort()
    }
    const pipe = Repeat.fromBlocksDict({ make: make('latents') }).initPipeline()
    const options = { signal: controller.signal, onEvent, keepStateOnAbort: true }
    const error = await failure(PipelineAbortError, () => pipe({ numSteps: 5 }, options))
    expect(alive()).toBe(1)
    ;(error.state as PipelineState).get<Handle>('latents').use().dispose()
  })
})

describe('in a loop', () => {
  test('what a step leaves over or overwrites is disposed in that step', async () => {
    const counts: number[] = []
    const note = toy({ body: () => void counts.push(alive()) })
    const latents = await Repeat.fromBlocksDict({ a: make('latents'), note }).initPipeline()<Handle>(
      { numSteps: 4 },
      { output: 'latents' },
    )
    expect(counts).toEqual([1, 1, 1, 1])
    latents.use().dispose()
  })

  test('a value that the loop has read into a variable stays until the loop ends', async () => {
    @Block({ description: 'Compares the latents before and after each step.' })
    class Watch extends LoopSequentialPipelineBlocks {
      @Input() @Output() latents!: InOut<Handle>
      @Output() changes!: Out<string[]>
      @LoopStep() update: BlockSource = toy({
        inputs: ['latents'],
        outputs: ['latents'],
        body: (_, { i }) => ({ latents: new Handle(`${i}`) }),
      })

      async run() {
        const first = this.latents
        this.changes = []
        for (let i = 0; i < 3; i++) {
          const previous = this.latents
          await this.loopStep({ i })
          this.changes.push(`${first.use().label}: ${previous.use().label} → ${this.latents.use().label}`)
        }
      }
    }
    const start = toy({ outputs: ['latents'], body: () => ({ latents: new Handle('noise') }) })
    const changes = await sequence({ start, watch: Watch }).initPipeline()({}, { output: 'changes' })
    expect(changes).toEqual(['noise: noise → 0', 'noise: 0 → 1', 'noise: 1 → 2'])
    expect(alive()).toBe(0)
  })

  test('what the loop itself makes between its steps stays while the loop runs', async () => {
    class Buffer extends LoopSequentialPipelineBlocks {
      @Input({ required: false }) @Output() kept!: InOut<Handle>
      @LoopStep() noise: BlockSource = make('noise')
      async run() {
        const own = new Handle('own')
        this.kept = new Handle('kept')
        for (let i = 0; i < 3; i++) {
          await this.loopStep({ i })
          own.use()
          this.kept.use()
        }
      }
    }
    const kept = await new Buffer().initPipeline()<Handle>({}, { output: 'kept' })
    expect(alive()).toBe(1)
    kept.use().dispose()
  })

  test('the same holds for sequences, branches and loops inside', async () => {
    class Choice extends AutoPipelineBlocks {
      @Branch() only: BlockSource = make('c')
    }
    const counts: number[] = []
    const note = toy({ body: () => void counts.push(alive()) })
    const inner = Repeat.fromBlocksDict({ a: make('a'), pair: sequence({ b: make('b') }) })
    const pipe = Repeat.fromBlocksDict({ inner, choice: Choice, note }).initPipeline()
    await pipe({ numSteps: 3 }, { output: 'nothing' })
    expect(counts).toEqual([3, 3, 3])
    expect(alive()).toBe(0)
  })

  test('a step that fails and is tried again leaves nothing over', async () => {
    let attempts = 0
    class Retry extends LoopSequentialPipelineBlocks {
      @LoopStep() shaky: BlockSource = toy({
        outputs: ['x'],
        body: () => {
          const x = new Handle()
          if (attempts++ < 3) throw new Error('try again')
          return { x }
        },
      })
      async run() {
        for (;;) {
          try {
            return await this.loopStep()
          } catch {
            expect(alive()).toBe(0)
          }
        }
      }
    }
    const x = await new Retry().initPipeline()<Handle>({}, { output: 'x' })
    expect(alive()).toBe(1)
    x.dispose()
  })
})

describe('a pipeline inside a block', () => {
  const inner = sequence({ a: make('x'), b: make('y') }).initPipeline()

  test('hands its result to the outer run', async () => {
    const use = toy({
      outputs: ['label'],
      body: async () => {
        const x = await inner<Handle>({}, { output: 'x' })
        return { label: x.use().label }
      },
    })
    expect(await use.initPipeline()({}, { output: 'label' })).toBe('x')
    expect(alive()).toBe(0)
  })

  test('lets the outer run keep its result', async () => {
    const pass = toy({ outputs: ['z'], body: async () => ({ z: await inner({}, { output: 'x' }) }) })
    const z = await sequence({ pass, other: make('w') }).initPipeline()<Handle>({}, { output: 'z' })
    expect(alive()).toBe(1)
    z.use().dispose()
  })

  test('does not dispose what the outer run passes to it', async () => {
    const useInner = toy({
      inputs: ['x'],
      outputs: ['z'],
      body: ({ x }) => ({ z: (x as Handle).use() }),
    }).initPipeline()
    const call = toy({
      inputs: ['x'],
      outputs: ['same'],
      body: async ({ x }) => ({ same: (await useInner({ x }, { output: 'z' })) === (x as Handle).use() }),
    })
    expect(await sequence({ a: make('x'), call }).initPipeline()({}, { output: 'same' })).toBe(true)
    expect(alive()).toBe(0)
  })

  test('leaves nothing when it fails', async () => {
    const failing = sequence({
      a: make('x'),
      b: toy({
        body: () => {
          throw new Error('no')
        },
      }),
    }).initPipeline()
    const call = toy({ body: async () => void (await failing({}).catch(() => {})) })
    await sequence({ call, b: make('y') }).initPipeline()({}, { output: 'nothing' })
    expect(alive()).toBe(0)
  })
})
