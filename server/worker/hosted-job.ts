/** A job in the process that computes it, and how it ends. */
import { errorToWire } from '../../src'
import type { JobFailure } from '../jobs/job'
import type { StoreResult } from './job-run'
import type { RunnerHooks, RunnerJob, RunnerTask, RunOutcome } from './runner'

/** Ends once: the first outcome counts. While nothing computes it alone, its signal ends it at once: it may wait for others, or be one of a batch. */
export class HostedJob implements RunnerJob {
  readonly task: RunnerTask
  readonly hooks: RunnerHooks
  /** How it ends. Never rejects. */
  readonly outcome: Promise<RunOutcome>
  private resolve: (outcome: RunOutcome | Promise<RunOutcome>) => void = () => undefined
  private hasEnded = false
  private failed = false
  private readonly leave = () => this.stop()

  constructor({ task, hooks }: RunnerJob) {
    this.task = task
    this.hooks = hooks
    this.outcome = new Promise(resolve => {
      this.resolve = resolve
    })
    if (hooks.signal.aborted) this.stop()
    else hooks.signal.addEventListener('abort', this.leave)
  }

  /** Whether nothing of it is left to compute. */
  get isOver(): boolean {
    return this.hasEnded
  }

  /** Whether its computation has failed. */
  get hasFailed(): boolean {
    return this.failed
  }

  /** A call of its own begins, which hears the signal and may save a state before the job ends. */
  begin(): void {
    this.ignoreSignal()
  }

  /** It is computed: stores what it made, and ends with that. Nobody waits for it. */
  store(store: StoreResult): void {
    this.end(
      store().then(
        result => ({ is: 'finished', result }),
        error => this.outcomeOf(error),
      ),
    )
  }

  /** It was stopped. */
  stop(): void {
    this.end({ is: 'stopped' })
  }

  /** It was stopped, if its signal fired, or has failed. */
  fail(error: unknown): void {
    const outcome = this.outcomeOf(error)
    this.failed = outcome.is === 'failed'
    this.end(outcome)
  }

  private ignoreSignal(): void {
    this.hooks.signal.removeEventListener('abort', this.leave)
  }

  private outcomeOf(error: unknown): RunOutcome {
    if (this.hooks.signal.aborted) return { is: 'stopped' }
    return { is: 'failed', error: errorToWire(error) as JobFailure } // The same in JSON.
  }

  private end(outcome: RunOutcome | Promise<RunOutcome>): void {
    this.hasEnded = true
    this.ignoreSignal()
    this.resolve(outcome)
  }
}
