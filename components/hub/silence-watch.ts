/** Gives up requests whose server is silent. */
import { onAbort } from '../../src/runtime/on-abort'

/** Aborts a request whose server is silent for too long, or whose caller gives up. */
export class SilenceWatch {
  private readonly controller = new AbortController()
  private readonly failed: Promise<never>
  private readonly timer: NodeJS.Timeout | undefined
  private readonly stopListening: () => void

  /** @param timeout milliseconds that the server may be silent; `undefined` to wait forever */
  constructor(timeout: number | undefined, signal: AbortSignal | undefined) {
    this.failed = new Promise((_, reject) => {
      this.signal.addEventListener('abort', () => reject(this.signal.reason), { once: true })
    })
    // The waiting caller gets the error.
    this.failed.catch(() => undefined)
    if (timeout !== undefined) {
      const silent = new Error(`the server did not answer for ${timeout / 1000} s`)
      this.timer = setTimeout(() => this.controller.abort(silent), timeout)
    }
    this.stopListening = signal ? onAbort(signal, () => this.controller.abort(signal.reason)) : () => undefined
  }

  /** For the request: fires when it is given up. */
  get signal(): AbortSignal {
    return this.controller.signal
  }

  /** The server has sent something. */
  touch(): void {
    this.timer?.refresh()
  }

  /** Waits for work, but no longer than for the server. */
  wait<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.failed])
  }

  /** Stops watching. */
  end(): void {
    clearTimeout(this.timer)
    this.stopListening()
  }
}
