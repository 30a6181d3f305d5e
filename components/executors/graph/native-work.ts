/** Lets the process end only when the thread of ONNX Runtime is not in the midst of native work. */
import { runInThisContext } from 'node:vm'

/** What the thread is doing, as it stands in memory that both threads see; session-worker.cjs knows these numbers too. */
const IDLE = 0
const BUSY = 1
const CLOSED = 2

/** Milliseconds after which the process ends all the same: whatever works that long has gone astray. */
const LONGEST = 120_000

/** The process itself: Jest gives tests a copy, which never hears of the end. */
const realProcess = runInThisContext('process') as NodeJS.Process // What every context of Node has by this name.

/**
 * Node ends its threads when the process ends, and native work that is cut off there takes the whole process down with it: a program that calls `process.exit()`
 * would be aborted (SIGABRT) and never give its exit code. So the end of the process waits for what the runtime is doing, as Node would anyway, and
 * lets it begin nothing more.
 */
export class NativeWork {
  /** Seen by both threads. */
  readonly state = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))

  private readonly settle = () => {
    while (Atomics.compareExchange(this.state, 0, IDLE, CLOSED) === BUSY) {
      if (Atomics.wait(this.state, 0, BUSY, LONGEST) === 'timed-out') return
    }
  }

  /** From now on the end of the process waits. */
  watch(): void {
    realProcess.on('exit', this.settle)
  }

  /** The thread is no more. */
  unwatch(): void {
    realProcess.off('exit', this.settle)
  }
}
