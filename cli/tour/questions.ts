/** Questions between the programs of the tour. */
import { createInterface, type Interface } from 'node:readline'

/** Waits for Enter on the terminal. Lines that are typed while a program runs answer the next questions. */
export class Questions {
  private readonly reader: Interface
  private readonly lines: AsyncIterator<string>

  /** @param signal ends the question that waits */
  constructor(private readonly signal: AbortSignal) {
    // The terminal keeps its own mode, in which Ctrl-C reaches the program that runs, too.
    this.reader = createInterface({ input: process.stdin, terminal: false })
    this.lines = this.reader[Symbol.asyncIterator]()
    signal.addEventListener('abort', () => this.reader.close(), { once: true })
  }

  /**
   * Asks, and returns whether to continue: not after `q`, and not after the end of the input (Ctrl-D).
   * @throws the signal's reason if it is aborted
   */
  async continues(question: string): Promise<boolean> {
    process.stdout.write(question)
    const { done, value } = await this.lines.next()
    this.signal.throwIfAborted()
    return !done && !/^q/i.test(value.trim())
  }

  /** Ends reading, without which the process would not end. */
  close(): void {
    this.reader.close()
  }
}
