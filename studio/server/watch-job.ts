/** Follows the events of a job, and comes back if the server was gone. */
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { isFinalEvent } from '../../server/jobs/job-event'
import { reachable, request, ServerAwayError, ServerProblem } from './client'
import type { JobEvent } from './types'

/** How following a job ends. */
export type WatchEnd = 'ended' | 'unknown'

/** Tells the events of a job from the beginning to the last. @returns `unknown` if the server no longer knows the job */
export async function watchJob(id: string, tell: (event: JobEvent) => void): Promise<WatchEnd> {
  let last: string | undefined
  for (;;) {
    try {
      const headers = last === undefined ? {} : { 'last-event-id': last }
      const response = await request(`/v1/jobs/${encodeURIComponent(id)}/events`, { headers })
      if (response.status === 204 || response.body === null) return 'ended'
      const events = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
      const reader = events.getReader()
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        last = next.value.id ?? last
        const event = JSON.parse(next.value.data) as JobEvent
        tell(event)
        if (!isFinalEvent(event)) continue
        await reader.cancel()
        return 'ended'
      }
    } catch (error) {
      if (error instanceof ServerProblem && error.status === 404) return 'unknown'
      const isPassing = error instanceof ServerAwayError || error instanceof ServerProblem || error instanceof TypeError
      if (!isPassing) throw error
    }
    // A stream that ends before its last event, too: the server is about to stop.
    await reachable()
  }
}
