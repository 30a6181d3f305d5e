/** Sends the events of a job as server-sent events. */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
// Tests replace the global timers.
import { clearInterval, setImmediate, setInterval } from 'node:timers'
import type { NumberedEvent } from '../jobs/job-event'

/** How a stream is sent. */
export interface StreamOptions {
  /** Milliseconds between signs of life. Default: 15 000. */
  readonly heartbeat?: number | undefined
  /** Milliseconds after which a reader that takes nothing is disconnected. It may come back with the id of its last event. Default: 30 000. */
  readonly patience?: number | undefined
}

/** Milliseconds after which a browser comes back. */
const RETRY = 2000

/**
 * Writes events until there are none or the reader leaves. The next event is asked for when the last one is on its way, so that a slow
 * reader holds nothing in memory.
 *
 * @param write turns an event into the text of its data
 * @param signal ends the wait for a reader that takes nothing
 */
export async function sendEvents(
  response: ServerResponse,
  events: AsyncIterable<NumberedEvent>,
  write: (event: NumberedEvent) => string,
  signal: AbortSignal,
  { heartbeat = 15_000, patience = 30_000 }: StreamOptions = {},
): Promise<void> {
  const beat = setInterval(() => {
    if (!response.writableNeedDrain) response.write(': alive\n\n')
  }, heartbeat)
  let isCollecting = false
  /** Sends what is written in this turn of the event loop at once: a reader that catches up gets hundreds of events. */
  const collect = () => {
    if (isCollecting) return
    isCollecting = true
    response.cork()
    setImmediate(() => {
      isCollecting = false
      response.uncork()
    })
  }
  try {
    response.write(`retry: ${RETRY}\n\n`)
    for await (const event of events) {
      if (response.destroyed) return
      collect()
      const isTaken = response.write(`id: ${event.id}\ndata: ${write(event)}\n\n`)
      if (!isTaken && !(await isDrained(response, signal, patience))) {
        response.destroy()
        return
      }
    }
  } finally {
    clearInterval(beat)
    if (!response.destroyed) response.end()
  }
}

async function isDrained(response: ServerResponse, signal: AbortSignal, patience: number): Promise<boolean> {
  try {
    await once(response, 'drain', { signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]) })
    return true
  } catch {
    return false
  }
}
