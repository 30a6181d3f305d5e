/** States that are handed out while a run continues. */
import {
  Block,
  Component,
  InputTypeError,
  LoopStep,
  ModularPipelineBlocks,
  type Out,
  Output,
  type PipelineEvent,
  type PipelineState,
  type RunCheckpoints,
  type RunScoped,
} from '../../../src'
import { failure } from '../fixtures/failures'
import { Handle } from '../fixtures/handles'
import { Repeat, toy } from '../fixtures/toy-blocks'

const loop = () =>
  Repeat.fromBlocksDict({
    add: toy({
      inputs: ['x', 'handle'],
      outputs: ['x', 'handle'],
      body: ({ x = 0 }) => ({ x: Number(x) + 1, handle: new Handle(String(Number(x) + 1)) }),
    }),
  }).initPipeline()

class Forgetful implements RunScoped {
  static fromConfig(): Forgetful {
    return new Forgetful()
  }

  forRun(): this {
    return new Forgetful() as this
  }
}

@Block({ description: 'Reads a component that cannot be saved.' })
class UseMemory extends ModularPipelineBlocks {
  @Component(Forgetful) memory!: Forgetful
  @Output() x!: Out<boolean>

  @LoopStep()
  step() {
    this.x = this.memory !== undefined
  }
}

afterEach(() => {
  const left = Handle.alive.size
  for (const handle of Handle.alive) handle.dispose()
  expect(left).toBe(0)
})

/** Runs the loop with a function that is given each state. */
async function run(checkpoints: RunCheckpoints, numSteps = 7, options: object = {}): Promise<PipelineState> {
  const state = (await loop()({ numSteps }, { ...options, checkpoints })) as PipelineState
  state.dispose()
  return state
}

test('are handed out between iterations, and not before the first or after the last', async () => {
  const saved: unknown[] = []
  await run({
    every: 2,
    save(state) {
      // What the state refers to is alive.
      saved.push([state.resumePoint?.step, state.get('x'), state.get<Handle>('handle').use().label])
    },
  })
  expect(saved).toEqual([
    [2, 2, '2'],
    [4, 4, '4'],
    [6, 6, '6'],
  ])
})

test('make the run wait until they are saved', async () => {
  const order: string[] = []
  const onEvent = (event: PipelineEvent) => {
    if (event.type === 'loopStep') order.push(`step ${event.step}`)
  }
  const save = async (state: PipelineState) => {
    order.push('saving')
    await new Promise(resolve => setImmediate(resolve))
    state.get<Handle>('handle').use()
    order.push('saved')
  }
  await run({ every: 1, save }, 3, { onEvent })
  expect(order).toEqual(['step 1', 'saving', 'saved', 'step 2', 'saving', 'saved', 'step 3'])
})

test('end the run if they cannot be saved', async () => {
  const save = async () => {
    await null
    throw new Error('the disk is full')
  }
  await expect(loop()({ numSteps: 3 }, { checkpoints: { every: 1, save } })).rejects.toThrow('the disk is full')
})

test('of a run that continues from one begin with the next', async () => {
  let steps: (number | undefined)[] = []
  let resumed: Promise<unknown> | undefined
  const again = (state: PipelineState) => {
    steps.push(state.resumePoint?.step)
  }
  const save = (state: PipelineState) => {
    if (state.resumePoint?.step !== 2) return
    // In the run that saves, so that what the state refers to is alive.
    resumed = loop()({}, { state, resume: true, output: 'x', checkpoints: { every: 2, save: again } })
    return resumed.then(() => undefined)
  }
  await run({ every: 2, save })
  expect(await resumed).toBe(7)
  expect(steps).toEqual([4, 6])
  steps = []
})

test.each([[0], [1.5], [-1], ['2'], [undefined]])('every %p iterations are refused', async every => {
  const checkpoints = { every, save: () => undefined } as unknown as RunCheckpoints
  const error = await failure(InputTypeError, () => loop()({ numSteps: 1 }, { checkpoints }))
  expect(error.message).toContain('checkpoints')
})

test('are left out with one warning if a component cannot say what it remembers', async () => {
  const pipe = Repeat.fromBlocksDict({ use: UseMemory }).initPipeline()
  const warnings: string[] = []
  const onEvent = (event: PipelineEvent) => {
    if (event.type === 'warning') warnings.push(event.code)
  }
  let saved = 0
  await pipe({ numSteps: 4 }, { onEvent, checkpoints: { every: 1, save: () => void saved++ } })
  expect([warnings, saved]).toEqual([['NO_CHECKPOINT'], 0])
})
