/** Runs jobs in a process of their own, which may crash, hang or grow without harm to the worker. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
// Tests replace the global timers.
import { clearTimeout, setTimeout } from 'node:timers'
import { compiledFile } from '../compiled-file'
import type { HostOptions } from './pipeline-host'
import type { PipelineSource } from './pipeline-source'
import { processMemory } from './process-memory'
import {
  type BatchLimit,
  type BegunJobs,
  NO_BATCH_LIMIT,
  type Runner,
  type RunnerHooks,
  type RunnerJob,
  type RunOutcome,
  type StopReason,
} from './runner'
import type { FromRunner, NumberedTask, ToRunner } from './runner-messages'

/** When a process is replaced by a new one, and how long it may take to stop. */
export interface ChildRunnerOptions {
  /** Jobs after which a new process begins. Default: none is too many. */
  readonly maxJobs?: number | undefined
  /** Bytes of memory, with that of ONNX Runtime, after which a new process begins, between two jobs. Default: no limit. Linux alone tells it. */
  readonly maxMemory?: number | undefined
  /** Milliseconds that a run may take to stop before its process is killed. Default: 10 000. */
  readonly stopTimeout?: number | undefined
}

/** A job that is under way. */
interface UnderWay {
  readonly hooks: RunnerHooks
  readonly outcome: Promise<RunOutcome>
  /** Nothing of it is computed any more. */
  computed(): void
  end(outcome: RunOutcome): void
}

/** Jobs that were begun together. Nothing else is computed until they are. */
interface Call {
  /** Numbers of the jobs that were not told to stop, and have not ended. */
  readonly wanted: Set<number>
  /** Kills the process if it computes on although nobody wants what it computes. */
  deadline: NodeJS.Timeout | undefined
  computed(problem: string | undefined): void
}

const PROGRAM = join('worker', 'runner-process.js')

/** One process, and after it another. */
export class ChildRunner implements Runner {
  private child: ChildProcess | undefined
  private readonly underWay = new Map<number, UnderWay>()
  /** What is computed. */
  private call: Call | undefined
  private numbers = 0
  /** Jobs of this process. */
  private jobs = 0
  private heldNames: ReadonlyMap<string, BatchLimit> = new Map()

  constructor(
    private readonly sources: Readonly<Record<string, PipelineSource>>,
    private readonly hostOptions: HostOptions,
    private readonly options: ChildRunnerOptions = {},
  ) {}

  get held(): readonly string[] {
    return [...this.heldNames.keys()]
  }

  batchLimit(pipeline: string): BatchLimit {
    return this.heldNames.get(pipeline) ?? NO_BATCH_LIMIT
  }

  /** The process; `undefined` before the first job, and after it ended. */
  get pid(): number | undefined {
    return this.child?.pid
  }

  run(jobs: readonly RunnerJob[]): BegunJobs {
    const tasks: NumberedTask[] = []
    const outcomes = jobs.map(({ task, hooks }): Promise<RunOutcome> => {
      if (hooks.signal.aborted) return Promise.resolve({ is: 'stopped' })
      const number = this.numbers++
      tasks.push({ number, task })
      return this.follow(number, hooks)
    })
    if (tasks.length === 0) return { computed: Promise.resolve(undefined), outcomes }
    this.jobs += tasks.length
    const wanted = new Set(tasks.map(({ number }) => number))
    const computed = new Promise<string | undefined>(resolve => {
      this.call = { wanted, deadline: undefined, computed: resolve }
    })
    this.child ??= this.start()
    this.send({ do: 'run', tasks })
    return { computed, outcomes }
  }

  async rest(): Promise<void> {
    const { maxJobs, maxMemory } = this.options
    const isOld = maxJobs !== undefined && this.jobs >= maxJobs
    const isLarge = maxMemory !== undefined && ((await this.memory()) ?? 0) > maxMemory
    if (!isOld && !isLarge) return
    await Promise.all(Array.from(this.underWay.values(), ({ outcome }) => outcome))
    await this.close()
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

  /** Waits for the end of a job. If it does not stop when it is told to, its process is killed. */
  private follow(number: number, hooks: RunnerHooks): Promise<RunOutcome> {
    const { signal } = hooks
    let deadline: NodeJS.Timeout | undefined
    const stop = () => {
      this.send({ do: 'stop', number, reason: signal.reason as StopReason }) // That of its signal, as it says.
      deadline = this.killLater()
      this.dropJob(number)
    }
    const computed = () => {
      clearTimeout(deadline)
      signal.removeEventListener('abort', stop)
    }
    signal.addEventListener('abort', stop)
    let resolveOutcome: (outcome: RunOutcome) => void = () => undefined
    const outcome = new Promise<RunOutcome>(resolve => {
      resolveOutcome = resolve
    })
    const end = (how: RunOutcome) => {
      computed()
      this.dropJob(number)
      this.underWay.delete(number)
      resolveOutcome(how)
    }
    this.underWay.set(number, { hooks, outcome, computed, end })
    return outcome
  }

  /** Records that the result of a job is no longer needed. If no job of the call is needed, the process is killed after the deadline. */
  private dropJob(number: number): void {
    const { call } = this
    if (call?.wanted.delete(number) && call.wanted.size === 0) call.deadline = this.killLater()
  }

  private killLater(): NodeJS.Timeout {
    return setTimeout(() => this.child?.kill('SIGKILL'), this.options.stopTimeout ?? 10_000)
  }

  private endCall(problem?: string): void {
    clearTimeout(this.call?.deadline)
    this.call?.computed(problem)
    this.call = undefined
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
    if (child !== this.child || message.is === 'ready') return
    if (message.is === 'computed') {
      this.heldNames = new Map(message.held)
      for (const { computed } of this.underWay.values()) computed()
      this.endCall(message.problem)
      return
    }
    if (message.is === 'events') {
      for (const { number, event, progress } of message.events) this.underWay.get(number)?.hooks.event(event, progress)
      return
    }
    const underWay = this.underWay.get(message.number)
    if (message.is === 'state') underWay?.hooks.state(message.file)
    else if (message.is === 'file') void this.store(underWay?.hooks, message)
    else underWay?.end(message.outcome)
  }

  private async store(
    hooks: RunnerHooks | undefined,
    { file, key, bytes }: Extract<FromRunner, { is: 'file' }>,
  ): Promise<void> {
    let error: string | undefined
    try {
      await hooks?.file(key, bytes)
    } catch (cause) {
      error = (cause as Error).message
    }
    this.send({ do: 'stored', file, error })
  }

  private ended(child: ChildProcess, how: string): void {
    if (child !== this.child) return
    this.child = undefined
    this.jobs = 0
    this.heldNames = new Map()
    for (const { end } of [...this.underWay.values()]) end({ is: 'crashed', how })
    this.endCall()
  }
}
