/** Decides who may use the process of ONNX Runtime, and when. */
import { AsyncResource } from 'node:async_hooks'
// Tests replace the global timers.
import { clearTimeout, setTimeout } from 'node:timers'
import { outsideRuns } from '../../../src/runtime/active-run'
import { onAbort } from '../../../src/runtime/on-abort'
import { RuntimeEnd } from './runtime-errors'
import { RuntimeProcess } from './runtime-process'
import { RuntimeUnavailableError } from './runtime-unavailable-error'

/**
 * Milliseconds that work may still take once nobody wants it. To end it costs the sessions of all models, so that a step which is nearly done is
 * better waited for.
 */
export const GRACE = 50

/** Milliseconds after which a process without sessions ends. */
const LONGEST_IDLE = 10_000

/** How often a process is started that a signal ends before it can ignore signals. */
const MOST_STARTS = 3

/** Work that waits for the process, or has it to itself. */
interface Task {
  /** Does the work and settles its promise. Never rejects. */
  perform(): Promise<void>
  /** Rejects the promise of work that has not begun. */
  drop(reason: unknown): void
  /** Whether the process computes for it. */
  isComputing: boolean
  /** Milliseconds that the work will still take; `undefined` where nobody knows. */
  remaining(): number | undefined
}

/** How work is done. */
export interface UseOptions {
  /** Stops the work. */
  signal?: AbortSignal | undefined
  /** Milliseconds that the same work took before. */
  expected?: number | undefined
}

/** Milliseconds that work may still take which nobody wants any more: none if it will not be done in that time anyway. */
export function graceFor(remaining: number | undefined): number {
  return remaining !== undefined && remaining > GRACE ? 0 : GRACE
}

/**
 * Starts the process with the first task, and replaces it when it ends. It keeps this process alive only while it works. Tasks come one after another:
 * what computes at the same time would only wait for the same processors.
 */
class SessionHost {
  private process: RuntimeProcess | undefined
  private readonly queue: Task[] = []
  private active: Task | undefined
  /** How many wait for the process or have it to themselves. */
  private users = 0
  private idle: NodeJS.Timeout | undefined

  /** Starts the process, which takes a moment to load the runtime. Does nothing if it exists. Failures are left to {@link ready}. */
  start(): void {
    this.load().catch(() => undefined)
  }

  /** Settles when the process has loaded the runtime, and keeps this process alive until then. @throws RuntimeUnavailableError */
  async ready(): Promise<RuntimeProcess> {
    this.users++
    clearTimeout(this.idle)
    try {
      const loading = this.load()
      this.running?.ref()
      return await loading
    } finally {
      this.users--
      this.letEnd()
    }
  }

  /** The process that is there now. */
  get running(): RuntimeProcess | undefined {
    return this.process?.isAlive ? this.process : undefined
  }

  /**
   * Does some work with the process, after all that was asked for before. The process may be a new one, without any session. Once `signal` fires,
   * work that waits is dropped, and work that has begun ends with the process, unless it is done in a moment. Settles when nothing of it is computed
   * any more. The work belongs to the run that asks for it, whichever run is served before.
   *
   * @throws what the work throws; RuntimeUnavailableError; the reason of `signal`
   */
  async use<T>(work: (process: RuntimeProcess) => Promise<T>, { signal, expected }: UseOptions = {}): Promise<T> {
    signal?.throwIfAborted()
    const { promise, resolve, reject } = newPromise<T>()
    const workOfCaller = AsyncResource.bind(work)
    let begun = 0
    const task: Task = {
      isComputing: false,
      remaining: () => expected && expected - (performance.now() - begun),
      drop: reject,
      perform: async () => {
        try {
          const process = await this.ready()
          signal?.throwIfAborted()
          task.isComputing = true
          begun = performance.now()
          resolve(await workOfCaller(process))
        } catch (error) {
          reject(signal?.aborted ? signal.reason : error)
        }
      },
    }
    this.queue.push(task)
    const stopListening = signal && onAbort(signal, () => this.abort(task, signal.reason))
    void this.proceed()
    try {
      return await promise
    } finally {
      stopListening?.()
    }
  }

  /** Releases a session of a process, unless it has ended with it. */
  release(process: RuntimeProcess, session: number): void {
    this.queue.push({
      isComputing: false,
      remaining: () => undefined,
      drop: () => undefined,
      // A process that ends has released everything.
      perform: () => (process.isAlive ? process.release(session).catch(() => undefined) : Promise.resolve()),
    })
    void this.proceed()
  }

  /** Performs all that waits, unless that is being done already. */
  private async proceed(): Promise<void> {
    if (this.active) return
    clearTimeout(this.idle)
    this.users++
    this.running?.ref()
    for (let task = this.queue.shift(); task; task = this.queue.shift()) {
      this.active = task
      await task.perform()
      task.isComputing = false
    }
    this.active = undefined
    this.users--
    this.letEnd()
  }

  private abort(task: Task, reason: unknown): void {
    const place = this.queue.indexOf(task)
    if (place >= 0) {
      this.queue.splice(place, 1)
      task.drop(reason)
    } else if (task.isComputing) {
      const end = () => {
        if (task.isComputing) this.replaceProcess()
      }
      const grace = graceFor(task.remaining())
      if (grace === 0) end()
      else setTimeout(end, grace)
    }
  }

  /** Ends what is computed. What waits has a new process at once. */
  private replaceProcess(): void {
    this.process?.kill()
    if (this.queue.length > 0) this.start()
  }

  /** @throws RuntimeUnavailableError */
  private async load(): Promise<RuntimeProcess> {
    for (let starts = 1; ; starts++) {
      try {
        const process = this.running ?? this.startProcess()
        await process.ready
        return process
      } catch (error) {
        if (starts === MOST_STARTS || !wasInterrupted(error)) throw error
      }
    }
  }

  /** @throws RuntimeUnavailableError */
  private startProcess(): RuntimeProcess {
    // It serves other runs as well: of the one that starts it, nothing is to be kept for as long as it lives.
    this.process = outsideRuns(() => new RuntimeProcess())
    if (this.users > 0) this.process.ref()
    return this.process
  }

  /** Lets this process end if nobody needs the other, which ends by itself if it holds no session. */
  private letEnd(): void {
    const { running } = this
    if (this.users > 0 || running === undefined) return
    running.unref()
    if (running.sessionCount > 0) return
    clearTimeout(this.idle)
    this.idle = outsideRuns(() => setTimeout(() => running.kill(), LONGEST_IDLE)).unref()
  }
}

interface NewPromise<T> {
  promise: Promise<T>
  resolve(value: T): void
  reject(reason: unknown): void
}

/** A promise with what settles it. */
function newPromise<T>(): NewPromise<T> {
  const settle = {} as Omit<NewPromise<T>, 'promise'>
  const promise = new Promise<T>((resolve, reject) => Object.assign(settle, { resolve, reject }))
  return { promise, ...settle }
}

/** Whether a signal that was meant for the whole group ended a process before it could ignore it. */
function wasInterrupted(error: unknown): boolean {
  const { cause } = error instanceof RuntimeUnavailableError ? error : {}
  return cause instanceof RuntimeEnd && ['SIGINT', 'SIGTERM', 'SIGHUP'].includes(cause.end.signal ?? '')
}

/** The one process of this thread. */
export const sessionHost = new SessionHost()
