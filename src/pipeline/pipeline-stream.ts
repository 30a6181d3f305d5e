/** The events of a run as an async iterable. */
import type { EventListener, PipelineEvent } from '../runtime/events'
import { joinSignals } from '../runtime/on-abort'

/** How the stream starts its run. */
export interface StreamedCall {
  readonly onEvent: EventListener
  readonly signal: AbortSignal
}

/**
 * A run that is watched: iterate over its events, then await `result`. The run starts when either is first asked for. A loop step or a preview waits until
 * its event has been looked at, so that the values in it are still there; leaving the iteration early cancels the run.
 */
export class PipelineStream<R = unknown> implements AsyncIterable<PipelineEvent> {
  private readonly queue: PipelineEvent[] = []
  private readonly cancel = new AbortController()
  private running: Promise<R> | undefined
  private isRead = false
  private ended = false
  private wakeReader: (() => void) | undefined
  private wakeRun: (() => void) | undefined

  constructor(
    private readonly start: (call: StreamedCall) => Promise<R>,
    private readonly options: { signal?: AbortSignal; onEvent?: EventListener },
  ) {}

  /** What the pipeline returns; rejects as the call itself would. */
  get result(): Promise<R> {
    this.running ??= this.run()
    return this.running
  }

  async *[Symbol.asyncIterator](): AsyncIterator<PipelineEvent> {
    this.isRead = true
    const { result } = this
    try {
      while (true) {
        const event = this.queue.shift()
        if (event) {
          yield event
        } else if (this.ended) {
          await result
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
      this.isRead = false
      if (!this.ended) this.cancel.abort(new Error('The stream was left before the run ended.'))
      this.wakeRun?.()
    }
  }

  private run(): Promise<R> {
    const { onEvent } = this.options
    const { signal, release } = joinSignals(this.options.signal, this.cancel.signal)
    const result = this.start({
      onEvent: event => {
        const told = onEvent?.(event)
        if (!this.isRead) return told
        this.queue.push(event)
        this.wakeReader?.()
        return event.type === 'loopStep' || event.type === 'preview' ? this.looked(told) : told
      },
      signal,
    }).finally(() => {
      release()
      this.ended = true
      this.wakeReader?.()
    })
    // The iteration reports a failure; a caller that never awaits the result must not crash the process.
    result.catch(() => {})
    return result
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
