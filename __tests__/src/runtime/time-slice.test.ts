import { inPieces, runAtOnce, runInSlices, TimeSlice, yieldToEventLoop } from '../../../src'
import { ticksDuring } from './ticks-during'

/** A loop of so many pieces, each of which takes two milliseconds. */
function* busyLoop(pieces: number, log: string[] = [], name = ''): Generator<void, string, void> {
  for (let i = 0; i < pieces; i++) {
    for (const end = performance.now() + 2; performance.now() < end; );
    log.push(name)
    yield
  }
  return 'done'
}

test('a long loop lets timers fire on the way', async () => {
  expect(await ticksDuring(() => runInSlices(busyLoop(50)))).toBeGreaterThan(5)
})

test('a short loop ends without a turn of the event loop', async () => {
  let isOver = false
  setImmediate(() => {
    isOver = true
  })
  expect(await runInSlices(inPieces(10, () => undefined))).toBeUndefined()
  expect(isOver).toBe(false)
})

test('gives the same result at once', async () => {
  expect(runAtOnce(busyLoop(1))).toBe('done')
  expect(await runInSlices(busyLoop(1))).toBe('done')
})

test('a signal stops a loop, which can clean up', async () => {
  const controller = new AbortController()
  let cleaned = false
  function* loop(): Generator<void, void, void> {
    try {
      yield* busyLoop(10_000)
    } finally {
      cleaned = true
    }
  }
  setTimeout(() => controller.abort(new Error('enough')), 5)
  await expect(runInSlices(loop(), controller.signal)).rejects.toThrow('enough')
  expect(cleaned).toBe(true)
})

test('several loops take turns, one for each turn of the event loop', async () => {
  const log: string[] = []
  const ticks = await ticksDuring(() => Promise.all(['a', 'b', 'c'].map(name => runInSlices(busyLoop(30, log, name)))))
  expect(ticks).toBeGreaterThan(10)
  // None waits for another to end.
  expect(log.indexOf('c')).toBeLessThan(log.lastIndexOf('a'))
  expect(log.indexOf('b')).toBeLessThan(log.lastIndexOf('c'))
})

test('a slice is over after a while, and begins again behind a turn', async () => {
  const slice = new TimeSlice()
  expect(slice.isOver).toBe(false)
  runAtOnce(busyLoop(10))
  expect(slice.isOver).toBe(true)
  await slice.next()
  expect(slice.isOver).toBe(false)
})

test('every caller that yields continues', async () => {
  await Promise.all(Array.from({ length: 100 }, yieldToEventLoop))
})

test('pieces cover everything once', () => {
  const seen: number[] = []
  const work = (begin: number, end: number) => {
    for (let i = begin; i < end; i++) seen.push(i)
  }
  runAtOnce(inPieces(10, work, 3))
  runAtOnce(inPieces(0, work, 3))
  expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})
