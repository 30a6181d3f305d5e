/** A job that a worker holds, from its lease to its end: what is done for it while a runner computes it. */
// Tests replace the global timers.
import { clearInterval, setInterval } from 'node:timers'
import { setTimeout as sleep } from 'node:timers/promises'
import { isOfRequest } from '../jobs/failure-codes'
import type { JobQueue, Lease } from '../queue/queue'
import type { ResultStore } from '../results/result-store'
import { JobFiles } from './job-files'
import type { CheckpointSettings, RunnerJob, RunOutcome, StopReason } from './runner'

/** What a worker holds jobs with. */
export interface HeldJobOptions {
  readonly queue: JobQueue
  readonly results: ResultStore
  /** Folder for files of runs. */
  readonly folder: string
  readonly checkpoints: CheckpointSettings
  /** Called with failures that are retried, and with those for which no request is to blame. */
  readonly report: (problem: string, error?: unknown) => void
}

/** Milliseconds before a queue that was away is asked again. */
export const PAUSE = 500

/** Renews the lease, passes on what the run tells, and says how it ended. */
export class HeldJob {
  private readonly files: JobFiles
  private readonly stopping = new AbortController()
  /** Fires when nobody needs to hear of the lease any more. */
  private readonly over = new AbortController()
  private events: Promise<unknown> = Promise.resolve()
  private heartbeat: NodeJS.Timeout | undefined

  constructor(
    private readonly lease: Lease,
    private readonly options: HeldJobOptions,
  ) {
    this.files = new JobFiles(options.results, lease.job.id, options.folder)
  }

  /** Stops the run. The first reason counts. */
  interrupt(reason: StopReason): void {
    this.stopping.abort(reason)
  }

  /** Begins to hold the job. @returns what a runner needs. @throws what reading its state throws */
  async begin(): Promise<RunnerJob> {
    const { queue } = this.options
    const { job } = this.lease
    this.heartbeat = setInterval(() => void this.beat(), queue.leaseDuration / 3)
    queue.interrupted(this.lease, this.over.signal).then(
      reason => this.interrupt(reason),
      () => undefined,
    )
    // Only a job that somebody has begun can have a state.
    const stateFile = job.attempts > 1 ? await this.files.fetchState() : undefined
    const task = { job, stateFile, folder: this.files.folder, checkpoints: this.options.checkpoints }
    return { task, hooks: this.hooks }
  }

  /** Says how the run ended, when it has. @throws what the queue throws if it is away for long */
  async end(outcome: Promise<RunOutcome>): Promise<void> {
    try {
      const how = await outcome
      await this.events
      await this.files.saved()
      const isEnded = await this.conclude(how, this.stopping.signal.reason as StopReason | undefined)
      if (isEnded) await this.files.removeState()
    } finally {
      await this.release()
    }
  }

  /** Holds the job no longer. */
  async release(): Promise<void> {
    this.over.abort()
    clearInterval(this.heartbeat)
    await this.files.close()
  }

  private get hooks(): RunnerJob['hooks'] {
    const { lease, files } = this
    const { queue, results, report } = this.options
    return {
      signal: this.stopping.signal,
      event: (event, progress) => {
        // Without holding up the run: what is lost with the queue is progress that nobody sees.
        const told = queue.publish(lease, event, progress).catch(() => undefined)
        this.events = this.events.then(() => told)
      },
      file: (key, bytes) => results.put(lease.job.id, key, bytes),
      state: file => files.saveState(file, error => report('The state of a job was not saved', error)),
    }
  }

  private async beat(): Promise<void> {
    try {
      const answer = await this.options.queue.heartbeat(this.lease)
      if (answer !== 'continue') this.interrupt(answer)
    } catch {
      // A queue that is away for longer than the lease gives the job to another, which the next heartbeat tells.
    }
  }

  /** Says how a run ended. @returns whether the job has ended, too */
  private async conclude(outcome: RunOutcome, reason: StopReason | undefined): Promise<boolean> {
    const { lease } = this
    const { queue, report } = this.options
    if (outcome.is === 'finished') return this.persist(() => queue.finish(lease, outcome.result))
    if (outcome.is === 'failed') {
      const { error } = outcome
      // Clients see the code of such a failure, and no message.
      if (!isOfRequest(error)) report(`The job ${lease.job.id} failed (${error.code})`, error)
      return this.persist(() => queue.fail(lease, error))
    }
    if (reason === 'lost') return false
    if (reason === 'cancel') return this.persist(() => queue.confirmCancel(lease))
    if (outcome.is === 'crashed' && reason === undefined) {
      report(`The process that ran the job ${lease.job.id} ended ${outcome.how}`)
      await this.persist(() => queue.giveBack(lease, 'worker-lost'))
    } else await this.persist(() => queue.giveBack(lease, 'given-back'))
    return false
  }

  /** Says something to the queue that must not be lost, also if it is away for a while: as long as the lease may last. */
  private async persist(say: () => Promise<boolean>): Promise<boolean> {
    const end = Date.now() + Math.max(this.options.queue.leaseDuration, 10_000)
    for (;;) {
      try {
        return await say()
      } catch (error) {
        if (Date.now() > end) throw error
        await sleep(PAUSE)
      }
    }
  }
}
