/** Keeps long loops from blocking the event loop. */
import { afterOtherEvents } from '../platform/event-loop'

/** Milliseconds that a loop may run before the event loop gets its turn. */
const SLICE_MS = 8

/** Loops that wait for their turn, the first one first. */
const waiting: (() => void)[] = []

/**
 * Lets timers, input and output run before the caller continues. Of several loops that wait, one continues in each turn of the event loop, so that many
 * runs at once block it no longer than one.
 */
export function yieldToEventLoop(): Promise<void> {
  return new Promise(resolve => {
    if (waiting.push(resolve) === 1) afterOtherEvents(resumeNext)
  })
}

function resumeNext(): void {
  waiting.shift()?.()
  if (waiting.length > 0) afterOtherEvents(resumeNext)
}

/** Tells a loop when it has run for long enough. */
export class TimeSlice {
  private end = performance.now() + SLICE_MS

  /** @param signal stops the loop at its next turn */
  constructor(private readonly signal?: AbortSignal | undefined) {}

  /** Whether the loop should yield now. Costs less than a microsecond. */
  get isOver(): boolean {
    return performance.now() >= this.end
  }

  /** Yields to the event loop and begins the next slice. @throws the reason of the signal */
  async next(): Promise<void> {
    this.signal?.throwIfAborted()
    await yieldToEventLoop()
    this.signal?.throwIfAborted()
    this.end = performance.now() + SLICE_MS
  }
}

/**
 * Runs a loop to its end and yields to the event loop on the way where it takes long. The loop is a generator function that yields between pieces of a
 * millisecond or less.
 *
 * @throws what the loop throws; the reason of `signal`
 */
export async function runInSlices<T>(loop: Iterator<unknown, T>, signal?: AbortSignal): Promise<T> {
  const slice = new TimeSlice(signal)
  try {
    for (;;) {
      const { done, value } = loop.next()
      if (done) return value
      if (slice.isOver) await slice.next()
    }
  } finally {
    loop.return?.()
  }
}

/** Runs the same kind of loop at once, for callers that cannot wait. */
export function runAtOnce<T>(loop: Iterator<unknown, T>): T {
  for (;;) {
    const { done, value } = loop.next()
    if (done) return value
  }
}

/** How many numbers one piece of a loop takes by default: a fraction of a millisecond of simple arithmetic. */
const PIECE = 2 ** 16

/** Calls `work` for piece after piece of `count` elements, and yields between pieces. */
export function* inPieces(
  count: number,
  work: (begin: number, end: number) => void,
  piece = PIECE,
): Generator<void, void, void> {
  for (let begin = 0; begin < count; begin += piece) {
    if (begin > 0) yield
    work(begin, Math.min(begin + piece, count))
  }
}
