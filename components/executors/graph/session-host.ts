/** The thread that computes graphs, as seen from the one that asks. */
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { NativeWork } from './native-work'
import type { CreateRequest, PlainTensor, ReleaseRequest, RunRequest, SessionAnswer } from './session-messages'

/** The runtime could not do what it was asked; the message is its own. */
export class RuntimeFailure extends Error {}

interface Pending {
  resolve(result: unknown): void
  reject(error: Error): void
}

/** Talks to one thread, which is started with the first request and keeps the process alive only while it works. */
class SessionHost {
  private worker: Worker | undefined
  private readonly pending = new Map<number, Pending>()
  private count = 0
  private lost = 0

  /** Makes a session. The bytes of the model are handed over. @throws RuntimeFailure */
  create(request: Omit<CreateRequest, 'do'>): Promise<void> {
    return this.ask({ do: 'create', ...request }, [request.model.buffer as ArrayBuffer]) as Promise<void>
  }

  /** Runs a session. @throws RuntimeFailure */
  run(request: Omit<RunRequest, 'do'>): Promise<PlainTensor[]> {
    return this.ask({ do: 'run', ...request }) as Promise<PlainTensor[]>
  }

  /** Gives a session's memory back. */
  release(request: Omit<ReleaseRequest, 'do'>): Promise<void> {
    return this.ask({ do: 'release', ...request }) as Promise<void>
  }

  /** How many threads have been lost: sessions that an earlier one held are gone. */
  get losses(): number {
    return this.lost
  }

  /** Starts the thread, which takes a moment to load the runtime. Does nothing if it is there. */
  start(): Worker {
    if (this.worker) return this.worker
    const work = new NativeWork()
    const worker = new Worker(join(__dirname, 'session-worker.cjs'), { execArgv: [], workerData: work.state })
    work.watch()
    worker.on('message', ({ id, result, error }: SessionAnswer) => {
      const asked = this.pending.get(id)
      this.settle(id)
      if (error === undefined) asked?.resolve(result)
      else asked?.reject(new RuntimeFailure(error))
    })
    worker.on('error', error => this.lose(worker, error))
    worker.on('exit', code => {
      work.unwatch()
      this.lose(worker, new RuntimeFailure(`The thread of ONNX Runtime ended with code ${code}.`))
    })
    worker.unref()
    this.worker = worker
    return worker
  }

  private ask(request: CreateRequest | RunRequest | ReleaseRequest, transfer: ArrayBuffer[] = []): Promise<unknown> {
    const worker = this.start()
    const id = this.count++
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject })
      worker.ref()
      worker.postMessage({ ...request, id }, transfer)
    })
  }

  private settle(id: number): void {
    this.pending.delete(id)
    if (this.pending.size === 0) this.worker?.unref()
  }

  private lose(worker: Worker, error: unknown): void {
    if (this.worker !== worker) return
    this.worker = undefined
    this.lost++
    const failure = error instanceof Error ? error : new RuntimeFailure(String(error))
    for (const { reject } of this.pending.values()) reject(failure)
    this.pending.clear()
  }
}

/** The one thread of this process: what computes at the same time would only wait for the same processors. */
export const sessionHost = new SessionHost()
