/** Runs jobs in a process of their own, which may crash, hang or grow without harm to the worker. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
// Tests replace the global timers.
import { clearTimeout, setTimeout } from 'node:timers'
import { compiledFile } from '../compiled-file'
import type { HostOptions } from './pipeline-host'
import type { PipelineSource } from './pipeline-source'
import { processMemory } from './process-memory'
import type { Runner, RunnerHooks, RunnerTask, RunOutcome, StopReason } from './runner'
import type { FromRunner, ToRunner } from './runner-messages'

/** When a process is replaced by a new one, and how long it may take to stop. */
export interface ChildRunnerOptions {
  /** Jobs after which a new process begins. Default: none is too many. */
  readonly maxJobs?: number | undefined
  /** Bytes of memory, with that of ONNX Runtime, after which a new process begins, between two jobs. Default: no limit. Linux alone tells it. */
  readonly maxMemory?: number | undefined
  /** Milliseconds that a run may take to stop before its process is killed. Default: 10 000. */
  readonly stopTimeout?: number | undefined
}

/** The run that is under way. */
interface UnderWay {
  readonly hooks: RunnerHooks
  end(outcome: RunOutcome): void
}

const PROGRAM = join('worker', 'runner-process.js')

/** One process, and after it another. */
export class ChildRunner implements Runner {
  private child: ChildProcess | undefined
  private underWay: UnderWay | undefined
  private jobs = 0
  private heldNames: readonly string[] = []

  constructor(
    private readonly sources: Readonly<Record<string, PipelineSource>>,
    private readonly hostOptions: HostOptions,
    private readonly options: ChildRunnerOptions = {},
  ) {}

  get held(): readonly string[] {
    return this.heldNames
  }

  /** The process; `undefined` before the first job, and after it ended. */
  get pid(): number | undefined {
    return this.child?.pid
  }

  run(task: RunnerTask, hooks: RunnerHooks): Promise<RunOutcome> {
    return new Promise(resolve => {
      const { signal } = hooks
      let deadline: NodeJS.Timeout | undefined
      const stop = () => {
        this.send({ do: 'stop', reason: signal.reason as StopReason }) // That of its signal, as it says.
        deadline = setTimeout(() => this.child?.kill('SIGKILL'), this.options.stopTimeout ?? 10_000)
      }
      const end = (outcome: RunOutcome) => {
        this.underWay = undefined
        clearTimeout(deadline)
        signal.removeEventListener('abort', stop)
        resolve(outcome)
      }
      if (signal.aborted) {
        end({ is: 'stopped' })
        return
      }
      this.underWay = { hooks, end }
      this.jobs++
      this.child ??= this.start()
      const { job, stateFile, folder, checkpoints } = task
      this.send({ do: 'run', job, stateFile, folder, checkpoints })
      signal.addEventListener('abort', stop)
    })
  }

  async rest(): Promise<void> {
    const { maxJobs, maxMemory } = this.options
    const isOld = maxJobs !== undefined && this.jobs >= maxJobs
    const isLarge = maxMemory !== undefined && ((await this.memory()) ?? 0) > maxMemory
    if (isOld || isLarge) await this.close()
  }

  async close(): Promise<void> {
    const { child } = this
    if (child === undefined) return
    const ended = new Promise<void>(resolve => {
      child.once('exit', () => resolve())
    })
    // It ends when it is no longer connected; where it computes, it need not come to its end.
    child.disconnect()
    const deadline = setTimeout(() => child.kill('SIGKILL'), 2_000)
    await ended
    clearTimeout(deadline)
  }

  private async memory(): Promise<number | undefined> {
    const pid = this.child?.pid
    return pid === undefined ? undefined : processMemory(pid)
  }

  private start(): ChildProcess {
    const child = fork(compiledFile(PROGRAM), [], {
      serialization: 'advanced',
      // Standard output is that of the program: warnings and other messages go to its standard error.
      stdio: ['ignore', 2, 2, 'ipc'],
      execArgv: [],
    })
    child.on('message', (message: FromRunner) => this.receive(child, message))
    child.on('error', error => this.ended(child, error.message))
    child.on('exit', (code, signal) => {
      const end = () => this.ended(child, signal ? `by ${signal}` : `with code ${code}`)
      // What it has said before still comes.
      if (child.connected) child.once('disconnect', end)
      else end()
    })
    child.send({ do: 'start', sources: this.sources, options: this.hostOptions } satisfies ToRunner, () => undefined)
    return child
  }

  private send(message: ToRunner): void {
    // Where it is gone, its end tells.
    if (this.child?.connected) this.child.send(message, () => undefined)
  }

  private receive(child: ChildProcess, message: FromRunner): void {
    if (child !== this.child) return
    const hooks = this.underWay?.hooks
    if (message.is === 'event') hooks?.event(message.event, message.progress)
    else if (message.is === 'state') hooks?.state(message.file)
    else if (message.is === 'file') void this.store(message)
    else if (message.is === 'done') {
      this.heldNames = message.held
      this.underWay?.end(message.outcome)
    }
  }

  private async store({ number, key, bytes }: Extract<FromRunner, { is: 'file' }>): Promise<void> {
    let error: string | undefined
    try {
      await this.underWay?.hooks.file(key, bytes)
    } catch (cause) {
      error = (cause as Error).message
    }
    this.send({ do: 'stored', number, error })
  }

  private ended(child: ChildProcess, how: string): void {
    if (child !== this.child) return
    this.child = undefined
    this.jobs = 0
    this.heldNames = []
    this.underWay?.end({ is: 'crashed', how })
  }
}
