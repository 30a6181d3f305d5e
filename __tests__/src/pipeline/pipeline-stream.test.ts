import { PipelineAbortError, type PipelineEvent, SequentialPipelineBlocks } from '../../../src'
import { failure } from '../fixtures/failures'
import { Increment, IncrementStep, Repeat, toy } from '../fixtures/toy-blocks'

const pipe = SequentialPipelineBlocks.fromBlocksDict({
  before: Increment,
  loop: Repeat.fromBlocksDict({ add: IncrementStep }),
}).initPipeline()

const turn = () => new Promise(resolve => setImmediate(resolve))

describe('stream()', () => {
  test('yields the events of a run, and then has its result', async () => {
    const stream = pipe.stream({ x: 0, numSteps: 2 }, { output: 'x' })
    const types: string[] = []
    for await (const event of stream) types.push(event.type)
    expect(types).toEqual([
      'runStart',
      'blockStart',
      'blockStart',
      'blockEnd',
      'blockStart',
      'loopStart',
      'blockStart',
      'blockEnd',
      'loopStep',
      'blockStart',
      'blockEnd',
      'loopStep',
      'blockEnd',
      'blockEnd',
      'runEnd',
    ])
    expect(await stream.result).toBe(3)
  })

  test('lets no loop step begin before the event of the one before was looked at', async () => {
    const seen: unknown[] = []
    for await (const event of pipe.stream({ x: 0, numSteps: 3 })) {
      if (event.type !== 'loopStep') continue
      for (let i = 0; i < 3; i++) await turn()
      seen.push([event.step, event.state.x])
    }
    expect(seen).toEqual([
      [1, 2],
      [2, 3],
      [3, 4],
    ])
  })

  test('starts when it is first looked at', async () => {
    let runs = 0
    const counting = toy({ body: () => void runs++ }).initPipeline()
    const stream = counting.stream()
    await turn()
    expect(runs).toBe(0)
    await stream.result
    expect(runs).toBe(1)
    await stream.result
    expect(runs).toBe(1)
  })

  test('runs to its end when only the result is awaited', async () => {
    expect(await pipe.stream({ x: 0, numSteps: 3 }, { output: 'x' }).result).toBe(4)
  })

  test('passes events on to a listener too, and waits for it', async () => {
    const told: PipelineEvent[] = []
    const onEvent = async (event: PipelineEvent) => {
      await turn()
      if (event.type === 'loopStep') told.push(event)
    }
    for await (const event of pipe.stream({ x: 0, numSteps: 2 }, { onEvent })) {
      if (event.type === 'loopStep') expect(told.length).toBeGreaterThanOrEqual(event.step - 1)
    }
    expect(told).toHaveLength(2)
  })

  test('ends in the error that the run ends in', async () => {
    const failing = toy({ body: () => Promise.reject(new Error('out of memory')) }).initPipeline()
    const stream = failing.stream()
    const read = async () => {
      for await (const _ of stream);
    }
    await expect(read()).rejects.toThrow('out of memory')
    await expect(stream.result).rejects.toThrow('out of memory')
  })

  test('does not crash the process when nobody awaits the result of a failed run', async () => {
    const failing = toy({ body: () => Promise.reject(new Error('out of memory')) }).initPipeline()
    for await (const event of failing.stream()) if (event.type === 'blockStart') break
    await turn()
  })

  test('cancels the run when it is left early', async () => {
    const stream = pipe.stream({ x: 0, numSteps: 1000 })
    for await (const event of stream) if (event.type === 'loopStep' && event.step === 2) break
    const error = await failure(PipelineAbortError, () => stream.result)
    expect(error.path).toEqual(['loop[step 3 of 1000]'])
    expect(error.cause).toEqual(new Error('The stream was left before the run ended.'))
  })

  test('cancels the run when its reader fails', async () => {
    const stream = pipe.stream({ x: 0, numSteps: 1000 })
    const read = async () => {
      for await (const event of stream) if (event.type === 'loopStep') throw new Error('the reader has failed')
    }
    await expect(read()).rejects.toThrow('the reader has failed')
    await failure(PipelineAbortError, () => stream.result)
  })

  test('obeys the signal of its caller', async () => {
    const controller = new AbortController()
    const stream = pipe.stream({ x: 0, numSteps: 1000 }, { signal: controller.signal })
    const read = async () => {
      for await (const event of stream) if (event.type === 'loopStep') controller.abort()
    }
    await failure(PipelineAbortError, read)
  })

  test('can be left after the run has ended', async () => {
    const stream = pipe.stream({ x: 0, numSteps: 1 }, { output: 'x' })
    for await (const event of stream) if (event.type === 'runEnd') break
    expect(await stream.result).toBe(2)
  })
})
