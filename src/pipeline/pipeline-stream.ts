/** The events of a run as an async iterable. */
import type { EventListener, PipelineEvent } from '../runtime/events'

/** How the stream starts its run. */
export interface StreamedCall {
  readonly onEvent: EventListener
  readonly signal: AbortSignal
}

/**
 * A run that is watched: iterate over its events, then await `result`. A loop step waits until its event has been looked at, so that the values in it
 * are still there; leaving the iteration early cancels the run.
 */
export class PipelineStream implements AsyncIterable<PipelineEvent> {
  /** What the pipeline returns; rejects as the call itself would. */
  readonly result: Promise<unknown>
  private readonly queue: PipelineEvent[] = []
  private readonly cancel = new AbortController()
  private ended = false
  private wakeReader: (() => void) | undefined
  private wakeRun: (() => void) | undefined

  constructor(
    start: (call: StreamedCall) => Promise<unknown>,
    options: { signal?: AbortSignal; onEvent?: EventListener },
  ) {
    const signals = options.signal ? [options.signal, this.cancel.signal] : [this.cancel.signal]
    const onEvent: EventListener = event => {
      const told = options.onEvent?.(event)
      this.queue.push(event)
      this.wakeReader?.()
      return event.type === 'loopStep' && !this.cancel.signal.aborted ? this.looked(told) : told
    }
    this.result = start({ onEvent, signal: AbortSignal.any(signals) }).finally(() => {
      this.ended = true
      this.wakeReader?.()
    })
    // The iteration reports a failure; whoever never awaits the result must not crash the process.
    this.result.catch(() => {})
  }

  async *[Symbol.asyncIterator](): AsyncIterator<PipelineEvent> {
    try {
      while (true) {
        const event = this.queue.shift()
        if (event) {
          yield event
        } else if (this.ended) {
          await this.result
          return
        } else {
          const next = new Promise<void>(resolve => {
            this.wakeReader = resolve
          })
          this.wakeRun?.()
          await next
        }
      }
    } finally {
      if (!this.ended) this.cancel.abort(new Error('The stream was left before the run ended.'))
      this.wakeRun?.()
    }
  }

  /** Resolves when the reader has come back for more, and so is done with the events before. */
  private async looked(told: unknown): Promise<void> {
    const done = new Promise<void>(resolve => {
      this.wakeRun = resolve
    })
    await told
    await done
  }
}
