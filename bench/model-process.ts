/** Talks to a process that runs models on request: ours, or the peer's. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** What such a process answers. */
export type Answer = Readonly<Record<string, number | string | readonly number[]>>

/** One process, which is asked one thing at a time. */
export class ModelProcess {
  private readonly child: ChildProcess
  private readonly lines: AsyncIterator<string>
  private log = ''

  /** @param env variables beside those of this process */
  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } })
    this.child.stderr?.on('data', (data: Buffer) => (this.log = (this.log + data).slice(-2000)))
    this.lines = createInterface({ input: this.child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
  }

  /** @throws Error with the process's own words, if it cannot do it or has died */
  async ask(request: Readonly<Record<string, unknown>>): Promise<Answer> {
    this.child.stdin?.write(`${JSON.stringify(request)}\n`)
    const { value, done } = await this.lines.next()
    if (done) throw new Error(`The process has ended: ${this.log}`)
    const answer = JSON.parse(value) as Answer
    if ('error' in answer) throw new Error(String(answer.error))
    return answer
  }

  /** Milliseconds of something that is asked. */
  async time(request: Readonly<Record<string, unknown>>): Promise<number> {
    return (await this.ask(request)).ms as number
  }

  end(): void {
    this.child.stdin?.end('{"do":"exit"}\n')
  }
}
