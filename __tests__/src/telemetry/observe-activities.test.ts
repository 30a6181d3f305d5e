import {
  type Activity,
  BlockExecutionError,
  ModularPipelineBlocks,
  observeActivities,
  type PipelineEvent,
  SequentialPipelineBlocks,
} from '../../../src'
import { catchWarnings } from '../fixtures/emitted-warnings'
import { failure } from '../fixtures/failures'
import { Double, Increment, IncrementStep, Repeat, toy } from '../fixtures/toy-blocks'

const pipe = SequentialPipelineBlocks.fromBlocksDict({
  before: Double,
  loop: Repeat.fromBlocksDict({ add: IncrementStep }),
}).initPipeline()

let stop = () => {}
afterEach(() => stop())

/** Observes, and lists what began and ended. */
function observe() {
  const told: string[] = []
  const begun: Activity[] = []
  const nameOf = ({ kind, path, name, attributes }: Activity) =>
    `${kind} ${kind === 'run' ? name : path.join('.')}${attributes.step ? ` ${attributes.step}/${attributes.total}` : ''}`
  stop = observeActivities({
    begin: activity => {
      begun.push(activity)
      told.push(`> ${nameOf(activity)}`)
    },
    end: (activity, { end, error }) => {
      expect(end).toBeGreaterThanOrEqual(activity.start)
      told.push(`< ${nameOf(activity)}${error === undefined ? '' : `: ${(error as Error).name}`}`)
    },
  })
  return { told, begun }
}

describe('observeActivities()', () => {
  test('reports a run, its blocks and its loop steps, each inside of what it is a part of', async () => {
    const { told, begun } = observe()
    expect(await pipe({ x: 1, numSteps: 2 }, { output: 'x' })).toBe(4)
    expect(told).toEqual([
      '> run SequentialPipelineBlocks',
      '> block ',
      '> block before',
      '< block before',
      '> block loop',
      '> loopStep loop 1/2',
      '> block loop.add',
      '< block loop.add',
      '< loopStep loop 1/2',
      '> loopStep loop 2/2',
      '> block loop.add',
      '< block loop.add',
      '< loopStep loop 2/2',
      '< block loop',
      '< block ',
      '< run SequentialPipelineBlocks',
    ])
    const add = begun.find(({ path }) => path.join('.') === 'loop.add')
    const kinds: string[] = []
    for (let part: Activity | undefined = add; part; part = part.parent) kinds.push(part.kind)
    expect(kinds).toEqual(['block', 'loopStep', 'block', 'block', 'run'])
    expect(add?.attributes).toEqual({ class: 'IncrementStep' })
  })

  test('reports the blocks that have events', async () => {
    const observed: string[] = []
    stop = observeActivities({
      end: ({ kind, path }) => {
        if (kind === 'block') observed.push(path.join('.'))
      },
    })
    const told: string[] = []
    const onEvent = (event: PipelineEvent) => {
      if (event.type === 'blockEnd') told.push(event.path.join('.'))
    }
    await pipe({ x: 1, numSteps: 1 }, { onEvent })
    expect(observed).toEqual(told)
  })

  test('ends what fails with the error, and what a parent continues after as well', async () => {
    class GoesOn extends SequentialPipelineBlocks {
      override async call(...args: Parameters<SequentialPipelineBlocks['call']>) {
        await failure(BlockExecutionError, () => super.call(...args))
        return [args[0], args[1]] as const
      }
    }
    const failing = toy({
      body: () => {
        throw new Error('broken')
      },
    })
    const { told } = observe()
    const tree = SequentialPipelineBlocks.fromBlocksDict({
      inner: GoesOn.fromBlocksDict({ failing }),
      after: Increment,
    })
    expect(await tree.initPipeline()({ x: 1 }, { output: 'x' })).toBe(2)
    expect(told).toContain('< block inner.failing: BlockExecutionError')
    expect(told.slice(-3)).toEqual(['< block after', '< block ', '< run SequentialPipelineBlocks'])
    await failure(BlockExecutionError, () => SequentialPipelineBlocks.fromBlocksDict({ failing }).initPipeline()())
    expect(told.slice(-3)).toEqual([
      '< block failing: BlockExecutionError',
      '< block : BlockExecutionError',
      '< run SequentialPipelineBlocks: BlockExecutionError',
    ])
  })

  test('ends a loop step that fails', async () => {
    const { told } = observe()
    const failing = toy({
      body: () => {
        throw new Error('broken')
      },
    })
    const loop = Repeat.fromBlocksDict({ failing }).initPipeline()
    await failure(BlockExecutionError, () => loop({ numSteps: 2 }))
    expect(told).toContain('< loopStep  1/2: BlockExecutionError')
    expect(told.filter(line => line.startsWith('>'))).toHaveLength(told.filter(line => line.startsWith('<')).length)
  })

  test('makes a pipeline that a block calls a part of that block', async () => {
    class Calls extends ModularPipelineBlocks {
      async run() {
        await pipe({ x: 1, numSteps: 1 })
      }
    }
    const { begun } = observe()
    await SequentialPipelineBlocks.fromBlocksDict({ calls: new Calls() }).initPipeline()()
    const inner = begun.findLast(({ kind }) => kind === 'run')
    expect(inner?.parent).toMatchObject({ kind: 'block', name: 'calls' })
  })

  test('keeps runs at the same time apart', async () => {
    const { begun } = observe()
    await Promise.all([pipe({ x: 1, numSteps: 3 }), pipe({ x: 2, numSteps: 3 })])
    const runOf = (activity: Activity): Activity => (activity.parent ? runOf(activity.parent) : activity)
    const sizes = new Map<Activity, number>()
    for (const activity of begun) sizes.set(runOf(activity), (sizes.get(runOf(activity)) ?? 0) + 1)
    expect([...sizes.values()]).toEqual([10, 10])
  })

  test('reports nothing more when the observation has ended', async () => {
    const { told } = observe()
    stop()
    await pipe({ x: 1, numSteps: 1 })
    expect(told).toEqual([])
  })

  test('warns of an observer that throws, and continues', async () => {
    const warnings = catchWarnings()
    stop = observeActivities({
      begin: () => {
        throw new Error('full disk')
      },
    })
    expect(await pipe({ x: 1, numSteps: 1 }, { output: 'x' })).toBe(3)
    expect(warnings()).toEqual(['OBSERVER_FAILED: An observer of activities failed: full disk'])
  })

  test('runs without an observer that throws before it begins the work', async () => {
    const warnings = catchWarnings()
    stop = observeActivities({
      within: () => {
        throw new Error('no context')
      },
    })
    expect(await pipe({ x: 1, numSteps: 1 }, { output: 'x' })).toBe(3)
    expect(warnings()).toEqual(['OBSERVER_FAILED: An observer of activities failed: no context'])
  })
})
