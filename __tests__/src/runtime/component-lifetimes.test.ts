/** What components make in runs and keep for them, also in a thousand runs. */
import {
  AutoPipelineBlocks,
  type BlockSource,
  Branch,
  Component,
  type ModularPipeline,
  ModularPipelineBlocks,
  type Out,
  Output,
  outsideRuns,
  PipelineAbortError,
  type PipelineEvent,
  type RunScoped,
  SequentialPipelineBlocks,
} from '../../../src'
import { expectWarnings } from '../../expected-warnings'
import { failure } from '../fixtures/failures'
import { Handle } from '../fixtures/handles'
import { Repeat, toy } from '../fixtures/toy-blocks'

expectWarnings('UNKNOWN_OUTPUT')

const alive = () => Handle.alive.size

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

describe('components', () => {
  class Model {
    readonly weights = new Handle('weights')
    private table: Handle | undefined
    lookUp(): Handle {
      this.table ??= outsideRuns(() => new Handle('table'))
      return this.table.use()
    }
    dispose() {
      this.weights.dispose()
      this.table?.dispose()
    }
  }

  class UseModel extends ModularPipelineBlocks {
    @Component(Model) model!: Model
    @Output() label!: Out<string>
    run() {
      this.model.lookUp()
      this.label = String(this.model.weights.use().label)
    }
  }

  test('made by a class or a factory during a run outlive it', async () => {
    for (const provider of [
      { useClass: Model },
      { useFactory: () => new Model() },
      { useFactory: async () => new Model() },
    ]) {
      const pipe = new UseModel().initPipeline()
      pipe.container.register('model', provider)
      expect(await pipe({}, { output: 'label' })).toBe('weights')
      expect(await pipe({}, { output: 'label' })).toBe('weights')
      pipe.dispose()
      expect(alive()).toBe(0)
    }
  })

  test('made for one run end with it', async () => {
    const pipe = sequence({ a: UseModel, b: UseModel }).initPipeline()
    pipe.container.register('model', { useFactory: async () => new Model() }, { scope: 'run' })
    await pipe()
    expect(alive()).toBe(0)
  })

  test('made for one run end with it when only a branch asks for them late', async () => {
    class Late extends AutoPipelineBlocks {
      @Branch({ when: 'trigger' }) use: BlockSource = sequence({ a: UseModel, b: make('x'), c: UseModel })
    }
    const trigger = toy({ outputs: ['trigger'], body: () => ({ trigger: 1 }) })
    const pipe = sequence({ trigger, late: Late }).initPipeline()
    pipe.container.register('model', { useFactory: () => new Model() }, { scope: 'run' })
    expect(await pipe({}, { output: 'label' })).toBe('weights')
    expect(alive()).toBe(0)
  })

  test('that copy themselves for a run may make what lives as long as the run', async () => {
    class Stepper implements RunScoped {
      history: Handle | undefined
      forRun(): this {
        const copy = new Stepper()
        copy.history = new Handle('history')
        return copy as this
      }
    }
    class Take extends ModularPipelineBlocks {
      @Component(Stepper, { config: {} }) stepper!: Stepper
      run() {
        this.stepper.history?.use()
      }
    }
    await sequence({ a: Take, x: make('x'), b: Take }).initPipeline()({}, { output: 'nothing' })
    expect(alive()).toBe(0)
  })

  test('made from config inside a block outlive it', async () => {
    class Table {
      readonly values = new Handle('values')
    }
    class NeedsTable extends ModularPipelineBlocks {
      @Component(Table, { config: {} }) table!: Table
      run() {
        this.table.values.use()
      }
    }
    const create = toy({ outputs: ['pipe'], body: () => ({ pipe: new NeedsTable().initPipeline() }) })
    const pipe = await sequence({ create, after: make('x') }).initPipeline()<ModularPipeline>({}, { output: 'pipe' })
    await pipe()
    expect(alive()).toBe(1)
    disposeAll()
  })
})

describe('1,000 runs', () => {
  const scale = toy<{ x: Handle }>({
    inputs: ['x'],
    outputs: ['x'],
    body: async ({ x }) => {
      new Handle('scratch')
      await null
      return { x: new Handle(x.use().label) }
    },
  })
  const blocks = (last: ModularPipelineBlocks) =>
    sequence({ a: make('x'), loop: Repeat.fromBlocksDict({ scale }), last })
  const times = async (run: () => Promise<unknown>) => {
    for (let i = 0; i < 1000; i++) await run()
  }

  test('end with the handles that they began with', async () => {
    const pipe = blocks(scale).initPipeline()
    await times(async () => (await pipe<Handle>({ numSteps: 3 }, { output: 'x' })).use().dispose())
    expect(alive()).toBe(0)
  })

  test('that fail do too', async () => {
    const fail = toy({
      inputs: ['x'],
      body: () => {
        new Handle()
        throw new Error('no')
      },
    })
    const pipe = blocks(fail).initPipeline()
    await times(() => pipe({ numSteps: 3 }).catch(() => {}))
    expect(alive()).toBe(0)
  })

  test('that are cancelled do too', async () => {
    const pipe = blocks(scale).initPipeline()
    await times(async () => {
      const controller = new AbortController()
      const onEvent = (event: PipelineEvent) => {
        if (event.type === 'loopStep' && event.step === 2) controller.abort()
      }
      await failure(PipelineAbortError, () => pipe({ numSteps: 3 }, { signal: controller.signal, onEvent }))
    })
    expect(alive()).toBe(0)
  })
})
