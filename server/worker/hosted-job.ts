/** A job in the process that computes it, and how it ends. */
import { errorToWire } from '../../src'
import type { JobFailure } from '../jobs/job'
import type { StoreResult } from './job-run'
import type { RunnerHooks, RunnerJob, RunnerTask, RunOutcome } from './runner'

/** Ends once: the first outcome counts. */
export class HostedJob implements RunnerJob {
  readonly task: RunnerTask
  readonly hooks: RunnerHooks
  /** How it ends. Never rejects. */
  readonly outcome: Promise<RunOutcome>
  private resolve: (outcome: RunOutcome | Promise<RunOutcome>) => void = () => undefined
  private hasEnded = false

  constructor({ task, hooks }: RunnerJob) {
    this.task = task
    this.hooks = hooks
    this.outcome = new Promise(resolve => {
      this.resolve = resolve
    })
  }

  /** Whether nothing of it is left to compute. */
  get isOver(): boolean {
    return this.hasEnded
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
    this.end(this.outcomeOf(error))
  }

  private outcomeOf(error: unknown): RunOutcome {
    if (this.hooks.signal.aborted) return { is: 'stopped' }
    return { is: 'failed', error: errorToWire(error) as JobFailure } // The same in JSON.
  }

  private end(outcome: RunOutcome | Promise<RunOutcome>): void {
    this.hasEnded = true
    this.resolve(outcome)
  }
}
